import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { createResourceServer, type Reason, type ResourceServer, reasons } from '@postern/resource-server'
import { MCPAuth } from '@postern/resource-server/mcp-auth'
import {
  brokenToken,
  createDpopKey,
  createFakeIssuer,
  expectRefusal,
  type FakeIssuer,
  seen,
} from '@postern/resource-server/testing'

const root = join(import.meta.dirname, '..', '..')
const page = await readFile(join(root, 'docs', 'kit', 'refused.md'), 'utf8')
const snippets = new Map(
  [...page.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => [`${name}.ts`, text]),
)
const resource = 'http://localhost:3000/mcp'
const now = Math.floor(Date.now() / 1000)

type Options = Parameters<typeof createResourceServer>[0]
type IssuerOptions = NonNullable<Options['issuers']>[number]

/** How a reason of the table comes about, and what the table says against it. */
interface Case {
  readonly token: (issuer: FakeIssuer) => string
  readonly url?: string
  readonly options?: (issuer: FakeIssuer) => Partial<IssuerOptions>
  readonly requiredScopes?: readonly string[]
  readonly mend?: (issuer: FakeIssuer) => Partial<IssuerOptions>
  readonly mendAround?: Partial<Options>
}

const cases: Partial<Record<Reason, Case>> = {
  no_credential: { token: () => '' },
  origin_not_allowed: {
    token: (issuer) => issuer.mint(),
    url: 'http://mcp:3000/mcp',
    mendAround: { allowedHosts: ['mcp'] },
  },
  issuer_unknown: {
    token: (issuer) => issuer.mint(),
    options: ({ issuer }) => ({ issuer: `${issuer}/` }),
    mend: ({ issuer }) => ({ issuer }),
  },
  audience_mismatch: { token: (issuer) => issuer.mint({ aud: 'account' }), mend: () => ({ audience: 'account' }) },
  audience_missing: {
    token: (issuer) => issuer.mint({ aud: undefined }),
    mend: () => ({ audienceClaim: 'client_id', audience: 'client-1' }),
  },
  malformed_token: {
    token: (issuer) => issuer.issue(),
    mend: ({ introspectionClient }) => ({ introspection: introspectionClient }),
  },
  encrypted_token: { token: () => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..YQ.YQ.YQ' },
  id_token: { token: (issuer) => brokenToken(issuer, 'id-token-at-hash') },
  typ_not_allowed: { token: (issuer) => brokenToken(issuer, 'typ-logout') },
  client_missing: {
    token: (issuer) => issuer.mint({ client_id: undefined, cid: 'web' }),
    mend: () => ({ clientClaim: 'cid' }),
  },
  subject_missing: {
    token: (issuer) => issuer.mint({ sub: undefined }),
    mend: () => ({ allowMissingClaims: ['sub'] }),
  },
  not_yet_valid: {
    token: (issuer) => issuer.mint({ iat: now + 60, exp: now + 600 }),
    mendAround: { clockTolerance: 300 },
  },
  expired: { token: (issuer) => issuer.mint({ iat: now - 600, exp: now - 60 }), mendAround: { clockTolerance: 300 } },
  expiry_missing: { token: (issuer) => issuer.mint({ exp: undefined }) },
  algorithm_not_allowed: { token: (issuer) => issuer.mint({}, { header: { alg: 'HS256' } }) },
  unknown_key: { token: (issuer) => brokenToken(issuer, 'kid-unknown') },
  bad_signature: { token: (issuer) => brokenToken(issuer, 'signed-by-stranger') },
  keys_unavailable: {
    token: (issuer) => issuer.mint(),
    options: ({ jwksUri }) => ({ jwksUri: `${jwksUri}/elsewhere` }),
    mend: ({ jwksUri }) => ({ jwksUri }),
  },
  insufficient_scope: {
    token: (issuer) => issuer.mint({ scope: undefined, roles: ['admin'] }),
    requiredScopes: ['admin'],
    mend: () => ({ scopeClaim: 'roles' }),
  },
  binding_not_supported: { token: (issuer) => issuer.mint({ cnf: { jkt: createDpopKey().thumbprint } }) },
}

describe('docs/kit/refused.md is true', { timeout: 120_000 }, () => {
  let folder: string
  let issuer: FakeIssuer

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-refused-'))
    issuer = await createFakeIssuer({ audience: resource, path: '/realms/demo' })
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    for (const [name, text] of snippets) {
      const mine = text
        .replace('http://localhost:4700/pools/default', issuer.issuer)
        .replace('http://keycloak:8080', new URL(issuer.issuer).origin)
      await writeFile(join(folder, name), mine)
    }
  })
  after(async () => {
    await issuer.close()
    await rm(folder, { recursive: true })
  })

  test('every block is one that is tested here, and compiles', async () => {
    assert.deepEqual([...snippets.keys()], ['server.ts', 'compose.ts'])
    assert.equal(page.match(/^```\S/gm)?.length, snippets.size + 1)
    const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--lib', 'es2024,dom']
    const more = ['--skipLibCheck', '--types', 'node', '--ignoreConfig', '--allowImportingTsExtensions']
    await run('tsc', [...strict, ...more, ...snippets.keys()])
  })

  test('the server says why it refuses, and at the start what is wrong with the issuer', async () => {
    const ask = `
      const { rs } = await import('./server.ts')
      const headers = { authorization: 'Bearer ' + process.argv[1] }
      await rs.authenticate(new Request(rs.resource, { headers }))
      rs.close()`
    const printed = await run('node', ['--input-type=module', '--eval', ask, issuer.mint({ aud: 'account' })])
    assert.equal(printed.trim(), `refused: audience_mismatch, ${reasons.audience_mismatch}`)
    issuer.fail('metadata', { body: { issuer: `${issuer.issuer}/`, jwks_uri: issuer.jwksUri } })
    const warned = await run('node', ['--input-type=module', '--eval', ask, ''])
    issuer.fail('metadata')
    assert.ok(warned.startsWith(`${issuer.issuer}: the metadata is another issuer's: it names itself`), warned)
  })

  test('the line that shows a token shows it', async () => {
    const line = /^```sh\n(.+)\n```$/m.exec(page)?.[1] ?? assert.fail('no line')
    const shown = await run('bash', ['-c', line], { TOKEN: issuer.mint({ aud: 'account' }) })
    assert.match(shown, /aud: 'account'/)
  })

  test('the table has the reasons that are tried here, one by one', () => {
    const cells = [...page.matchAll(/^\| (`.+?) \|/gm)].flatMap(([, cell = '']) => cell.match(/\w+/g) ?? [])
    assert.deepEqual(cells, Object.keys(cases).sort(by(cells)))
  })

  for (const [reason, one] of Object.entries(cases)) {
    test(`${reason}: refused for just that, and let in with what the table says`, async () => {
      const decide = async (options: Partial<IssuerOptions>, around: Partial<Options> = {}) => {
        const heard: string[] = []
        const { requiredScopes = [], url = resource, token } = one
        const rs = createResourceServer({
          resource,
          issuers: [{ issuer: issuer.issuer, ...options }],
          requiredScopes,
          onEvent: (event) => void (event.kind === 'access.refused' && heard.push(event.reason)),
          ...around,
        })
        const answer = await rs.authenticate(
          new Request(url, { headers: { authorization: `Bearer ${token(issuer)}` } }),
        )
        rs.close()
        return answer instanceof Response ? heard.join() : 'in'
      }
      assert.equal(await decide(one.options?.(issuer) ?? {}), reason)
      if (one.mend === undefined && one.mendAround === undefined) return
      assert.equal(await decide(one.mend?.(issuer) ?? {}, one.mendAround), 'in')
    })
  }

  test('in a container: an issuer with another name inside, and a host that was allowed', async () => {
    const name = 'http://localhost:8080/realms/demo'
    issuer.fail('metadata', { body: { issuer: name, jwks_uri: 'http://localhost:8080/keys' } })
    const { rs }: { rs: ResourceServer } = await import(pathToFileURL(join(folder, 'compose.ts')).href)
    try {
      const ask = (host: string) =>
        rs.authenticate(
          new Request(`http://${host}:3000/mcp`, {
            headers: { authorization: `Bearer ${issuer.mint({ iss: name })}` },
          }),
        )
      for (const host of ['localhost', 'mcp']) assert.ok(!((await ask(host)) instanceof Response), host)
      const refused = await ask('evil.example')
      assert.ok(refused instanceof Response)
      const answer = await seen(refused)
      expectRefusal(answer, 'PD')
      assert.match(JSON.parse(answer.body).error_description, /Host or Origin header/)
    } finally {
      rs.close()
      issuer.fail('metadata')
    }
  })

  test('the metadata are found behind a proxy that takes a part of the path away', () => {
    const behind = 'https://example.com/api/mcp'
    const rs = createResourceServer({ resource: behind, issuers: [{ issuer: issuer.issuer }] })
    const document = '/.well-known/oauth-protected-resource/api/mcp'
    assert.equal(rs.metadata(new Request(`http://10.0.0.7:3000${document}`))?.status, 200)
    assert.ok(page.includes(`\`${document}\``))
    rs.close()
  })

  test('who comes from MCP Auth names hosts in kit', () => {
    const metadata = { resource, authorizationServers: [{ issuer: issuer.issuer, type: 'oidc' as const }] }
    assert.ok(new MCPAuth({ protectedResources: { metadata }, kit: { allowedHosts: ['localhost', 'mcp'] } }))
  })

  async function run(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
    const path = `${join(root, 'node_modules', '.bin')}:${process.env['PATH']}`
    const env: NodeJS.ProcessEnv = { ...process.env, ...more, PATH: path }
    const ran = promisify(execFile)(command, [...args], { cwd: folder, env, timeout: 60_000 })
    const { stdout, stderr } = await ran.catch((error: Error & { stdout?: string }) => {
      throw new Error(`${command} failed: ${error.message}\n${error.stdout}`)
    })
    return stdout + stderr
  }
})

/** Puts the same things into the order of a list. */
function by(list: readonly string[]): (a: string, b: string) => number {
  return (a, b) => list.indexOf(a) - list.indexOf(b)
}
