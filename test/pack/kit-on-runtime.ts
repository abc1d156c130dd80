import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { generateApiKey, hashApiKey } from '@postern/core'
import { type Idp, startIdp, type TestPool } from '@postern/idp/testing'
import type { ResourceServerOptions } from '@postern/resource-server'
import {
  brokenToken,
  brokenTokenKinds,
  createDpopKey,
  createFakeIssuer,
  expectRefusal,
  type FakeIssuer,
  seen,
} from '@postern/resource-server/testing'
import { fencedBlocks } from '../docs/blocks.ts'
import { freePort } from '../free-port.ts'
import { untilAnswered } from '../until-answered.ts'
import { installKit, linkPackages } from './install-kit.ts'
import { end, folderOf, installRuntimes, portOf, quietEnv } from './programs.ts'

/** A runtime other than Node, by a package that has its program for this platform. */
export interface Runtime {
  readonly name: string
  /** The package's name, and where in it the program is. */
  readonly program: readonly [packageName: string, path: string]
  /** Whatever a request has begun ends with it, so that nothing goes on beside the requests. */
  readonly endsWorkWithRequests?: boolean
  /** Makes what starts `app.ts` of the folder, on a port of the runtime's own choice that it prints as `"port":1234`. Gives the arguments. */
  app(folder: string, options: string): Promise<readonly string[]>
  /** Makes what serves the page's `server.ts` of the folder at a port. Gives the arguments. */
  page(folder: string, port: number): Promise<readonly string[]>
}

const resource = 'https://mcp.example/mcp'
const metadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'
const root = join(import.meta.dirname, '..', '..')
const algorithms = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA'] as const
const schemes = ['Bearer', 'DPoP'] as const
const refusal = { metadataUrl, scope: 'read', schemes }

/** Row M5: the packed kit behind the runtime's own server, asked over HTTP, with an issuer over HTTP. */
export function testKitOn(runtime: Runtime): void {
  const [packageName, path] = runtime.program
  const installed = folderOf(packageName)
  const skip =
    installed === undefined &&
    `no ${runtime.name} here: the package ${packageName} is not installed; ${installRuntimes}`
  describe(`the packed kit on ${runtime.name}`, { timeout: 300_000, skip }, () => {
    let folder: string
    let issuer: FakeIssuer
    let second: FakeIssuer
    let idp: Idp
    let pool: TestPool
    let port: number
    const apiKey = generateApiKey()
    const programs: ChildProcess[] = []

    const run = (args: readonly string[], stdout: 'pipe' | 'ignore'): ChildProcess => {
      const child = spawn(join(installed ?? '', path), args, {
        cwd: folder,
        stdio: ['ignore', stdout, 'inherit'],
        env: quietEnv(folder),
      })
      programs.push(child)
      return child
    }

    const start = async (options: ResourceServerOptions): Promise<number> =>
      portOf(run(await runtime.app(folder, JSON.stringify(options)), 'pipe'))

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'postern-runtime-'))
      await installKit(folder)
      await linkPackages(folder, ['jose', '@modelcontextprotocol/server'])
      await cp(join(import.meta.dirname, 'on-runtime', 'app.ts'), join(folder, 'app.ts'))
      issuer = await createFakeIssuer({ audience: resource })
      second = await createFakeIssuer({ audience: resource, algorithm: 'RS256', path: '/tenant' })
      idp = await startIdp()
      pool = await idp.createPool({ name: 'runtime', resources: [{ identifier: resource }] })
      port = await start({
        resource,
        issuers: [{ issuer: issuer.issuer }, { issuer: second.issuer, introspection: second.introspectionClient }],
        requiredScopes: ['read'],
        apiKeys: [{ id: 'ci', name: 'ci', hash: await hashApiKey(apiKey), scopes: ['read'] }],
        dpop: { mode: 'allowed' },
      })
    })
    after(async () => {
      await end(programs)
      await Promise.all([issuer?.close(), second?.close(), idp?.close()])
      await rm(folder, { recursive: true, force: true })
    })

    const ask = (headers: Record<string, string> = {}, { path = '/mcp', at = port } = {}) =>
      fetch(`http://127.0.0.1:${at}${path}`, { method: 'POST', headers, signal: AbortSignal.timeout(20_000) })
    const bearer = (token: string, more: { path?: string; at?: number } = {}) =>
      ask({ authorization: `Bearer ${token}` }, more)
    const admitted = async (answer: Response): Promise<Record<string, unknown>> => {
      const text = await answer.text()
      assert.equal(answer.status, 200, text)
      return JSON.parse(text)
    }

    test('ten who come at once, and are the first, share one fetch of the keys, and are told who they are', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => bearer(issuer.mint())))
      for (const answer of answers) {
        assert.deepEqual(await admitted(answer), {
          kind: 'jwt',
          issuer: issuer.issuer,
          subject: 'user-1',
          clientId: 'client-1',
          scopes: ['read', 'write'],
        })
      }
      assert.deepEqual(issuer.fetches, { metadata: 1, jwks: 1 })
    })

    test('without a credential there is a challenge, and the metadata that it leads to', async () => {
      expectRefusal(await seen(await ask()), 'C0', refusal)
      const document = await fetch(`http://127.0.0.1:${port}${new URL(metadataUrl).pathname}`)
      const { resource: named, authorization_servers: servers } = await document.json()
      assert.deepEqual([document.status, named, servers], [200, resource, [issuer.issuer, second.issuer]])
      const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
      const answer = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'OPTIONS', headers: preflight })
      assert.equal(answer.status, 204)
    })

    for (const algorithm of algorithms) {
      test(`a good token signed with ${algorithm} is admitted, one with a changed signature is not`, async () => {
        const token = issuer.mint({}, { key: issuer.signingKey(algorithm) })
        assert.equal((await admitted(await bearer(token)))['subject'], 'user-1')
        assert.equal((await admitted(await bearer(token, { path: '/bare' })))['subject'], 'user-1')
        const [header, payload, signature = ''] = token.split('.')
        const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
        expectRefusal(await seen(await bearer(`${header}.${payload}.${flipped}`)), 'IT', refusal)
      })
    }

    test('every wrong token of the mint is refused as it should be, and tells nothing of itself', async () => {
      const refused = brokenTokenKinds.map(async (kind) => {
        const token = brokenToken(issuer, kind)
        const secrets = token.split('.').filter((part) => part.length > 12)
        const answer = await seen(await bearer(token))
        assert.doesNotThrow(() => expectRefusal(answer, 'IT', { ...refusal, secrets }), kind)
      })
      await Promise.all(refused)
    })

    test('an issuer with a path and RS256, its opaque tokens, and scopes that are too few', async () => {
      assert.equal((await admitted(await bearer(second.mint())))['issuer'], second.issuer)
      assert.equal((await admitted(await bearer(second.issue())))['kind'], 'introspected')
      const revoked = second.issue()
      second.revoke(revoked)
      expectRefusal(await seen(await bearer(revoked)), 'IT', refusal)
      expectRefusal(await seen(await bearer(issuer.mint({ scope: 'other' }))), 'IS', refusal)
    })

    test('an API key works, another of its form does not', async () => {
      const caller = await admitted(await bearer(apiKey))
      assert.deepEqual([caller['kind'], caller['subject']], ['api-key', 'apikey:ci'])
      expectRefusal(await seen(await bearer(generateApiKey())), 'IT', refusal)
    })

    test('a bound token comes in with its proof, once; neither without one nor as a bearer’s', async () => {
      const dpop = createDpopKey()
      const token = issuer.mint({ cnf: { jkt: dpop.thumbprint } })
      const proven = { authorization: `DPoP ${token}`, dpop: dpop.prove({ url: resource, token }) }
      assert.deepEqual((await admitted(await ask(proven)))['confirmation'], { jkt: dpop.thumbprint })
      expectRefusal(await seen(await ask(proven)), 'DP', refusal)
      expectRefusal(await seen(await ask({ authorization: `DPoP ${token}` })), 'DP', refusal)
      expectRefusal(await seen(await bearer(token)), 'IT', refusal)
    })

    test('where nonces are required, one that was given to another request is good', async () => {
      const at = await start({
        resource,
        issuers: [{ issuer: issuer.issuer }],
        dpop: { mode: 'required', nonce: 'required' },
      })
      const dpop = createDpopKey()
      const token = issuer.mint({ cnf: { jkt: dpop.thumbprint } })
      const send = (nonce?: string) => {
        const proof = dpop.prove({ url: resource, token }, { claims: nonce === undefined ? {} : { nonce } })
        return ask({ authorization: `DPoP ${token}`, dpop: proof }, { at })
      }
      const refused = await seen(await send())
      expectRefusal(refused, 'DN', { metadataUrl, schemes: ['DPoP'] })
      for (let request = 0; request < 3; request += 1) await admitted(await send(refused.headers['dpop-nonce']))
      expectRefusal(await seen(await send('another')), 'DN', { metadataUrl, schemes: ['DPoP'] })
    })

    test('keys that grow old are fetched anew, again and again', async () => {
      const fake = await createFakeIssuer({ audience: resource })
      try {
        const at = await start({ resource, issuers: [{ issuer: fake.issuer }] })
        const mint = () => fake.mint({ exp: Math.floor(Date.now() / 1000) + 100_000 })
        await admitted(await bearer(mint(), { at }))
        for (const minutes of [6, 6, 6, 1, 20]) {
          await ask({}, { at, path: `/move?clock=${minutes * 60_000}` })
          for (let request = 0; request < 3; request += 1) await admitted(await bearer(mint(), { at }))
        }
        assert.ok(fake.fetches.jwks >= 3, `${fake.fetches.jwks} fetches`)
      } finally {
        await fake.close()
      }
    })

    test('who gives up takes nothing away from others that wait for the same', async () => {
      const fake = await createFakeIssuer({ audience: resource })
      const held = Promise.withResolvers<void>()
      try {
        const at = await start({ resource, issuers: [{ issuer: fake.issuer }], keys: { timeout: 1 } })
        fake.fail('jwks', { hold: held.promise })
        const leaving = new AbortController()
        const first = fetch(`http://127.0.0.1:${at}/mcp`, {
          headers: { authorization: `Bearer ${fake.mint()}` },
          signal: leaving.signal,
        })
        while (fake.fetches.jwks === 0) await new Promise((resolve) => setTimeout(resolve, 5))
        leaving.abort()
        await assert.rejects(first)
        const waiting = await bearer(fake.mint(), { at })
        assert.equal(waiting.status, 503, await waiting.text())
        fake.fail('jwks')
        await ask({}, { at, path: '/move?clock=60000' })
        await admitted(await bearer(fake.mint({ exp: Math.floor(Date.now() / 1000) + 1000 }), { at }))
      } finally {
        held.resolve()
        await fake.close()
      }
    })

    test('what Postern revokes is refused, also after the end of the request that began to listen', async () => {
      const at = await start({ resource, issuers: [{ issuer: pool.issuer }] })
      const client = await pool.createClient({ name: 'agent' })
      const [kept, first, later] = await Promise.all([1, 2, 3].map(() => pool.token({ client, resource })))
      assert.ok(kept !== undefined && first !== undefined && later !== undefined)
      for (const token of [kept, first, later]) await admitted(await bearer(token, { at }))
      for (const token of [first, later]) {
        assert.equal(await revoke(pool, client, token), 200)
        // Nobody listens any more there, which is found out after a while; elsewhere it is heard within a moment.
        if (runtime.endsWorkWithRequests === true) await ask({}, { at, path: '/move?passed=60000' })
        await untilRefused(() => bearer(token, { at }))
        expectRefusal(await seen(await bearer(token, { at })), 'IT', { metadataUrl })
      }
      await admitted(await bearer(kept, { at }))
    })

    test('the page about plain fetch runs: nobody gets in without a token, who has one is greeted by name', async () => {
      const at = await freePort()
      const url = `http://localhost:${at}/mcp`
      const fake = await createFakeIssuer({ audience: url })
      try {
        const [block] = fencedBlocks(await readFile(join(root, 'docs', 'kit', 'fetch.md'), 'utf8'))
        const text = block?.text ?? assert.fail('the page has no snippet')
        const mine = text.replaceAll('http://localhost:4700/pools/default', fake.issuer).replaceAll('3000', `${at}`)
        await mkdir(join(folder, 'page'), { recursive: true })
        await writeFile(join(folder, 'page', 'server.ts'), mine)
        run(await runtime.page(join(folder, 'page'), at), 'ignore')
        await untilAnswered(url)
        const challenge = { metadataUrl: url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp') }
        expectRefusal(await seen(await fetch(url, { method: 'POST' })), 'C0', challenge)
        const answer = await fetch(url, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${fake.mint()}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          },
          body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello","arguments":{}}}',
        })
        assert.match(await answer.text(), /Hello, client-1/)
      } finally {
        await fake.close()
      }
    })
  })
}

async function untilRefused(send: () => Promise<Response>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if ((await send()).status === 401) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function revoke(pool: TestPool, client: Awaited<ReturnType<TestPool['createClient']>>, token: string) {
  const { status } = await fetch(`${pool.issuer}/revoke`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.clientId}:${client.clientSecret}`)}` },
    body: new URLSearchParams({ token }),
  })
  return status
}
