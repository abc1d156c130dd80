import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { freePort } from '../free-port.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const engine = hasEngine()
if (!engine) console.log('compose: skipped, for there is no container engine with compose here')

describe('docker compose up', { skip: !engine, timeout: 900_000 }, () => {
  const project = `postern-test-${randomBytes(4).toString('hex')}`
  let house: { env: NodeJS.ProcessEnv; idpUrl: string; gatewayUrl: string }

  before(async () => {
    const [idp, gateway] = [await freePort(), await freePort()]
    const env = { ...process.env, POSTERN_IDP_PORT: `${idp}`, POSTERN_GATEWAY_PORT: `${gateway}` }
    house = { env, idpUrl: `http://localhost:${idp}`, gatewayUrl: `http://localhost:${gateway}` }
    await compose('up', '--build', '--detach')
    await Promise.all([untilReady(house.idpUrl), untilReady(house.gatewayUrl)])
  })

  after(async () => {
    await compose('down', '--volumes', '--remove-orphans', '--timeout', '5')
  })

  /** `docker compose` on this checkout, as a project of its own; gives what it printed. */
  async function compose(...args: string[]): Promise<string> {
    const all = ['compose', '--project-name', project, '--project-directory', root, ...args]
    const { stdout } = await execute('docker', all, { cwd: root, env: house.env, maxBuffer: 64 << 20 })
    return stdout
  }

  test('a token fetched from the host opens the gateway in its container', async () => {
    const secret = (await compose('exec', '-T', 'idp', 'cat', '/data/demo-secret')).trim()
    const response = await fetch(`${house.idpUrl}/pools/default/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`demo:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    assert.equal(response.status, 200)
    const { access_token: token } = await response.json()
    assert.match(await whoami(`${house.gatewayUrl}/mcp`, token), /demo/)
  })

  test('the gateway lets nobody in without a token', async () => {
    const response = await fetch(`${house.gatewayUrl}/mcp`, { method: 'POST', body: '{}' })
    assert.equal(response.status, 401)
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer /)
  })

  test('postern token demo prints one in either container, and it is accepted', async () => {
    const token = (await compose('exec', '-T', 'idp', 'postern', 'token', 'demo')).trim()
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.match(await whoami(`${house.gatewayUrl}/mcp`, token), /demo/)
    const elsewhere = (await compose('exec', '-T', 'gateway', 'postern', 'token', 'demo')).trim()
    assert.match(await whoami(`${house.gatewayUrl}/mcp`, elsewhere), /demo/)
  })

  test('neither container runs as root', async () => {
    for (const service of ['idp', 'gateway']) {
      assert.equal((await compose('exec', '-T', service, 'id', '-un')).trim(), 'node', service)
    }
  })

  test('the ports are published on the loopback address alone', async () => {
    assert.match((await compose('port', 'idp', `${new URL(house.idpUrl).port}`)).trim(), /^127\.0\.0\.1:/)
    assert.match((await compose('port', 'gateway', `${new URL(house.gatewayUrl).port}`)).trim(), /^127\.0\.0\.1:/)
  })
})

function hasEngine(): boolean {
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore', timeout: 20_000 })
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore', timeout: 20_000 })
    return true
  } catch {
    return false
  }
}

async function untilReady(origin: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const response = await fetch(`${origin}/readyz`).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`${origin} was not ready within two minutes`)
}

/** What the gateway's own tool says of the caller whom the token names. */
async function whoami(url: string, token: string): Promise<string> {
  const client = new Client({ name: 'compose-test', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  })
  // The SDK's own transport class is not assignable to its interface under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0])
  try {
    return JSON.stringify(await client.callTool({ name: 'whoami', arguments: {} }))
  } finally {
    await client.close()
  }
}
