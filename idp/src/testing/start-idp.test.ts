import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { startIdp } from './index.ts'

const run = promisify(execFile)
const mcp = 'https://mcp.example/mcp'

/** Runs a program in a process of its own, with a temporary folder of its own. */
async function runProgram(text: string): Promise<{ stdout: string; stderr: string; left: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'))
  try {
    const entry = JSON.stringify(new URL('./index.ts', import.meta.url).href)
    const program = `const { startIdp } = await import(${entry});\n${text}`
    const env = { PATH: process.env['PATH'], TMPDIR: folder }
    const options = { env, timeout: 30_000 }
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program], options)
    return { stdout, stderr, left: await readdir(folder) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

describe('startIdp', () => {
  test('is a whole provider inside a test', async () => {
    await using idp = await startIdp()
    const pool = await idp.createPool({ name: 'tests', resources: [{ identifier: mcp }] })
    const token = await pool.token({ client: await pool.createClient({ name: 'agent' }) })
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(pool.jwksUrl)), {
      issuer: pool.issuer,
      audience: mcp,
    })
    assert.equal(payload['client_id'], payload.sub)
    assert.equal(pool.issuer, `${idp.url}/pools/${pool.id}`)
    const { issuer } = await (await fetch(pool.discoveryUrl)).json()
    assert.equal(issuer, pool.issuer)
  })

  test('answers on localhost, by either family, and is ready', async () => {
    await using idp = await startIdp()
    assert.match(idp.url, /^http:\/\/localhost:\d+$/)
    const { port } = new URL(idp.url)
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      assert.equal((await fetch(`http://${host}:${port}/readyz`)).status, 200)
    }
  })

  test('its management API wants its admin token', async () => {
    await using idp = await startIdp()
    const url = `${idp.url}/api/v1/user-pools`
    assert.equal((await fetch(url)).status, 401)
    assert.equal((await fetch(url, { headers: { authorization: 'Bearer wrong-wrong-wrong-wrong' } })).status, 401)
    assert.equal((await fetch(url, { headers: { authorization: `Bearer ${idp.adminToken}` } })).status, 200)
  })

  test('begins with nothing but what it is told', async () => {
    await using idp = await startIdp()
    const response = await fetch(`${idp.url}/api/v1/user-pools`, {
      headers: { authorization: `Bearer ${idp.adminToken}` },
    })
    assert.deepEqual((await response.json()).items, [])
  })

  test('takes the port that it is given', async () => {
    const probe = createServer()
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
    const address = probe.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await assert.rejects(startIdp({ port }), { name: 'StartError', code: 'port_busy' })
    await new Promise<void>((resolve) => probe.close(() => resolve()))
    await using idp = await startIdp({ port })
    assert.equal(idp.url, `http://localhost:${port}`)
  })

  test('twenty at once know nothing of each other', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => startIdp()))
    assert.equal(new Set(all.map(({ url }) => url)).size, 20)
    const tokens = await Promise.all(
      all.map(async (idp) => {
        const pool = await idp.createPool({ id: 'same', name: 'same', resources: [{ identifier: mcp }] })
        await pool.createClient({ clientId: 'agent', name: 'agent' })
        return { pool, token: await pool.token({ client: 'agent' }) }
      }),
    )
    for (const [index, { token }] of tokens.entries()) {
      for (const [other, { pool }] of tokens.slice(0, 3).entries()) {
        const verified = jwtVerify(token, createRemoteJWKSet(new URL(pool.jwksUrl)))
        if (index === other) await verified
        else await assert.rejects(verified)
      }
    }
    await Promise.all(all.map((idp) => idp.close()))
  })

  test('closes twice without harm, and takes no more requests', async () => {
    const idp = await startIdp()
    await idp.close()
    await idp.close()
    await assert.rejects(fetch(`${idp.url}/healthz`))
  })
})

describe('seed', () => {
  const seed = {
    version: 1 as const,
    pools: [
      {
        id: 'agents',
        resources: [{ identifier: '/mcp', scopes: [{ name: 'read' }] }],
        clients: [
          {
            clientId: 'seeded',
            clientType: 'MACHINE_TO_MACHINE' as const,
            clientSecret: 'seeded-secret-of-at-least-32-characters',
          },
        ],
      },
    ],
  }

  test('as an object', async () => {
    await using idp = await startIdp({ seed, gatewayUrl: 'http://localhost:5555' })
    const pool = await idp.pool('agents')
    const answer = await fetch(pool.tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('seeded:seeded-secret-of-at-least-32-characters')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    assert.equal(answer.status, 200)
    const { access_token: token } = await answer.json()
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
    assert.equal(claims.aud, 'http://localhost:5555/mcp')
  })

  test('as a file', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-test-'))
    t.after(() => rm(folder, { recursive: true }))
    const file = join(folder, 'seed.yaml')
    await writeFile(file, 'version: 1\npools:\n  - id: from-a-file\n    resources: [{ identifier: /mcp }]\n')
    await using idp = await startIdp({ seed: file })
    assert.equal((await idp.pool('from-a-file')).id, 'from-a-file')
  })

  test('with a mistake: nothing starts, and the mistake is named', async () => {
    const wrong = { version: 1, pools: [{ id: 'agents', acessTokenTtl: 5 }] } as never
    await assert.rejects(startIdp({ seed: wrong }), (error: Error) => {
      assert.equal(error.name, 'SeedError')
      assert.match(error.message, /acessTokenTtl/)
      return true
    })
  })

  test('with a mistake that only the directory sees: nothing starts', async () => {
    const pools = [{ ...seed.pools[0], clients: [{ ...seed.pools[0]?.clients[0], scopes: ['unknown'] }] }] as never
    await assert.rejects(startIdp({ seed: { version: 1, pools } }), {
      name: 'SeedError',
      message: /clients\[0\]\.scopes\[0\]/,
    })
  })
})

describe('a test pool', () => {
  test('that is wrong is refused with the fields that are', async () => {
    await using idp = await startIdp()
    await assert.rejects(idp.createPool({ name: '' }), /pool\.name: /)
    const pool = await idp.createPool({ name: 'right' })
    await assert.rejects(pool.createResource({ identifier: 'http://mcp.example' }), /resource\.identifier: .*https/)
    await assert.rejects(pool.createClient({ name: 'x', redirectUris: ['https://x.example'] }), /client\.redirectUris/)
    await assert.rejects(pool.createClient({ name: 'y', scopes: ['unknown'] }), /client\.scopes\[0\]: /)
    await assert.rejects(idp.createPool({ name: 'right' }), { kind: 'conflict' })
    await assert.rejects(idp.pool('unknown'), { kind: 'not_found' })
  })
})

describe('a process', () => {
  test('ends by itself after close, and leaves neither words nor files', async () => {
    const { stdout, stderr, left } = await runProgram(`
      const idp = await startIdp()
      const pool = await idp.createPool({ name: 'tests', resources: [{ identifier: '${mcp}' }] })
      const client = await pool.createClient({ name: 'agent' })
      await pool.token({ client })
      for (let request = 0; request < 3; request += 1) {
        const authorization = 'Basic ' + btoa(client.clientId + ':' + client.clientSecret)
        const body = new URLSearchParams({ grant_type: 'client_credentials' })
        const response = await fetch(pool.tokenUrl, { method: 'POST', headers: { authorization }, body })
        if (response.status !== 200) throw new Error(await response.text())
        await response.json()
        await (await fetch(pool.discoveryUrl)).json()
        await (await fetch(pool.tokenUrl, { method: 'POST', body })).json()
      }
      await idp.close()
      process.on('exit', () => console.log('ended by itself'))
    `)
    assert.equal(stdout, 'ended by itself\n')
    assert.equal(stderr, '')
    assert.deepEqual(left, [])
  })

  test('sets no handler for any signal', async () => {
    const { stdout } = await runProgram(`
      const idp = await startIdp()
      const names = process.eventNames().filter((name) => String(name).startsWith('SIG'))
      console.log(JSON.stringify(names))
      await idp.close()
    `)
    assert.equal(stdout, '[]\n')
  })

  test('a failed start leaves nothing behind', async () => {
    const { stdout, left } = await runProgram(`
      const idp = await startIdp()
      const port = Number(new URL(idp.url).port)
      await startIdp({ port }).catch((error) => console.log(error.code))
      await idp.close()
    `)
    assert.equal(stdout, 'port_busy\n')
    assert.deepEqual(left, [])
  })
})

describe('a person in a test', () => {
  test('signs in through the pages, and the tokens are theirs', async () => {
    await using idp = await startIdp()
    const pool = await idp.createPool({ name: 'people', resources: [{ identifier: mcp, scopes: [{ name: 'read' }] }] })
    const user = await pool.createUser({ preferredUsername: 'ada', name: 'Ada Lovelace' })
    const client = await pool.createClient({
      name: 'app',
      clientType: 'SINGLE_PAGE_APPLICATION',
      redirectUris: ['http://localhost:3000/callback'],
    })
    const tokens = await pool.signIn({ client, user, scopes: ['openid', 'read'] })
    const { payload } = await jwtVerify(tokens.accessToken, createRemoteJWKSet(new URL(pool.jwksUrl)), {
      issuer: pool.issuer,
      audience: mcp,
    })
    assert.equal(payload.sub, user.id)
    assert.deepEqual(tokens.scopes, ['read'])
    assert.equal(tokens.expiresIn, 600)
    assert.equal(typeof tokens.refreshToken, 'string')
    assert.equal(typeof tokens.idToken, 'string')
  })

  test('has a made-up name that the pool knows, and a password that its policy takes', async () => {
    await using idp = await startIdp()
    for (const attribute of ['preferred_username', 'email', 'phone_number'] as const) {
      const pool = await idp.createPool({
        name: attribute,
        signInAttributes: [attribute],
        resources: [{ identifier: mcp }],
        passwordPolicy: { minLength: 20, requireSymbols: true },
      })
      const client = await pool.createClient({
        name: 'app',
        clientType: 'WEB_APPLICATION',
        redirectUris: ['https://app.example/callback'],
      })
      const tokens = await pool.signIn({ client, user: await pool.createUser() })
      assert.equal(tokens.accessToken.split('.').length, 3)
    }
  })

  test('with a wrong password gets nowhere, and the error says so', async () => {
    await using idp = await startIdp()
    const pool = await idp.createPool({ name: 'people', resources: [{ identifier: mcp }] })
    const user = await pool.createUser()
    const client = await pool.createClient({
      name: 'app',
      clientType: 'WEB_APPLICATION',
      redirectUris: ['https://app.example/callback'],
    })
    await assert.rejects(pool.signIn({ client, user: { ...user, password: 'wrong' } }), /cannot sign in/)
  })
})
