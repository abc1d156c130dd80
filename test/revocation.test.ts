import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { type Gateway, startGateway } from '@postern/gateway/testing'
import { createIdpServer } from '@postern/idp'
import { type Idp, startIdp, type TestClient, type TestPool } from '@postern/idp/testing'
import { createResourceServer, type ResourceServer } from '@postern/resource-server'
import { guard } from '@postern/resource-server/express'
import { createFetch, createLogger, loadSecrets, readSettings } from '@postern/server'
import express from 'express'
import { freePort } from './free-port.ts'

// The requirement is about time, so this waits for it: what is revoked must be refused within two seconds.
const deadlineMs = 2000

async function eventually(what: string, look: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now()
  while (!(await look())) {
    if (performance.now() - startedAt > deadlineMs) assert.fail(`${what}: not within ${deadlineMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** An express server behind the kit, which counts what the kit fetches. */
interface Guarded {
  readonly url: string
  readonly rs: ResourceServer
  readonly fetched: string[]
  close(): Promise<void>
}

async function openGuarded(issuer: string): Promise<Guarded> {
  const app = express()
  const server: Server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  const fetched: string[] = []
  const counting: typeof fetch = (input, init) => {
    const target = new URL(input instanceof Request ? input.url : input)
    fetched.push(target.pathname + target.search)
    return fetch(input, init)
  }
  const rs = createResourceServer({ resource: url, issuers: [{ issuer }], fetch: counting })
  app.get('/mcp', guard(rs), (req, res) => {
    if (req.headers.accept !== 'text/event-stream') return void res.json({ ok: true })
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n')
  })
  return {
    url,
    rs,
    fetched,
    async close() {
      rs.close()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function manage(idp: Idp, method: string, path: string, body?: unknown): Promise<void> {
  const response = await fetch(`${idp.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${idp.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.text()}`)
}

async function revoke(pool: TestPool, client: TestClient, token: string): Promise<number> {
  const response = await fetch(`${pool.issuer}/revoke`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.clientId}:${client.clientSecret}`)}` },
    body: new URLSearchParams({ token }),
  })
  await response.text()
  return response.status
}

describe('what the provider revokes is refused', () => {
  let idp: Idp
  let gateway: Gateway
  const opened: Guarded[] = []
  before(async () => {
    idp = await startIdp()
    gateway = await startGateway({ idp })
  })
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close()
  })
  after(async () => {
    await gateway.close()
    await idp.close()
  })

  /** One client of a new pool, with a token for an express server and one for a service of the gateway. */
  async function world(id: string) {
    const pool = await idp.createPool({ id, name: id })
    const kit = await openGuarded(pool.issuer)
    opened.push(kit)
    await pool.createResource({ identifier: kit.url })
    const service = await gateway.createService({
      name: id,
      path: `/${id}/mcp`,
      backend: { type: 'builtin' },
      authorizers: [{ type: 'CustomJWT', discoveryUrl: pool.discoveryUrl }],
    })
    const client = await pool.createClient({ name: 'agent' })
    const mint = async () => ({
      kit: await pool.token({ client, resource: kit.url }),
      gateway: await pool.token({ client, resource: service.url }),
    })
    const atKit = (token: string) => fetch(kit.url, { headers: { authorization: `Bearer ${token}` } }).then(statusOf)
    const atGateway = (token: string) => callGateway(service.url, token).then(statusOf)
    const assertOpen = async (tokens: { kit: string; gateway: string }) => {
      assert.deepEqual([await atKit(tokens.kit), await atGateway(tokens.gateway)], [200, 200])
    }
    const assertClosed = async (tokens: { kit: string; gateway: string }) => {
      await eventually('the kit refuses', async () => (await atKit(tokens.kit)) === 401)
      await eventually('the gateway refuses', async () => (await atGateway(tokens.gateway)) === 401)
    }
    return { pool, kit, service, client, mint, atKit, atGateway, assertOpen, assertClosed }
  }

  test('a revoked token, everywhere, and no other; nothing is asked per call', async () => {
    const { pool, kit, client, mint, atKit, assertOpen, assertClosed } = await world('one-token')
    const tokens = await mint()
    const others = await mint()
    await assertOpen(tokens)
    await assertOpen(others)
    const before = kit.fetched.length
    for (let call = 0; call < 200; call += 1) assert.equal(await atKit(tokens.kit), 200)
    // Two hundred calls; the feed may have been asked once more meanwhile.
    assert.ok(kit.fetched.length - before <= 2, kit.fetched.join('\n'))
    assert.equal(await revoke(pool, client, tokens.kit), 200)
    assert.equal(await revoke(pool, client, tokens.gateway), 200)
    await assertClosed(tokens)
    await assertOpen(others)
  })

  test("somebody else's token stays good", async () => {
    const { pool, mint, assertOpen, atKit } = await world('foreign')
    const tokens = await mint()
    await assertOpen(tokens)
    const thief = await pool.createClient({ name: 'thief' })
    assert.equal(await revoke(pool, thief, tokens.kit), 200)
    // A token of the thief's own shows that the news has arrived by now.
    const own = await pool.token({ client: thief, resource: await worldResource(tokens.kit) })
    assert.equal(await atKit(own), 200)
    assert.equal(await revoke(pool, thief, own), 200)
    await eventually('the own token is refused', async () => (await atKit(own)) === 401)
    await assertOpen(tokens)
  })

  test('a deleted client; one made anew under its id is another', async () => {
    const { pool, client, mint, kit, atKit, assertOpen, assertClosed } = await world('client')
    const tokens = await mint()
    await assertOpen(tokens)
    await manage(idp, 'DELETE', `/user-pools/${pool.id}/clients/${client.clientId}`)
    await assertClosed(tokens)
    await pool.createClient({ clientId: client.clientId, name: 'again' })
    await eventually('tokens of the new one are good', async () => {
      return (await atKit(await pool.token({ client: client.clientId, resource: kit.url }))) === 200
    })
    await assertClosed(tokens)
  })

  test('a disabled pool; enabled again, what was issued before stays dead', async () => {
    const { pool, mint, assertOpen, assertClosed, atKit } = await world('disabled')
    const tokens = await mint()
    await assertOpen(tokens)
    await manage(idp, 'PATCH', `/user-pools/${pool.id}`, { enabled: false })
    await assertClosed(tokens)
    await manage(idp, 'PATCH', `/user-pools/${pool.id}`, { enabled: true })
    await eventually('new tokens are good', async () => (await atKit((await mint()).kit)) === 200)
    await assertClosed(tokens)
  })

  test('a deleted pool, by those who knew it and by those who come late', async () => {
    const { pool, kit, mint, assertOpen, assertClosed } = await world('deleted')
    const tokens = await mint()
    await assertOpen(tokens)
    await manage(idp, 'DELETE', `/user-pools/${pool.id}`)
    await assertClosed(tokens)
    // Who has never seen the pool cannot get its keys either.
    const late = createResourceServer({ resource: kit.url, issuers: [{ issuer: pool.issuer }] })
    const answer = await late.authenticate(new Request(kit.url, { headers: { authorization: `Bearer ${tokens.kit}` } }))
    assert.ok(answer instanceof Response)
    assert.equal(answer.status, 503)
    late.close()
  })

  test('streams that are open end', async () => {
    const { pool, kit, service, client, mint } = await world('streams')
    const tokens = await mint()
    const headers = { authorization: `Bearer ${tokens.kit}`, accept: 'text/event-stream' }
    const ofKit = await fetch(kit.url, { headers })
    const { session, response: ofGateway } = await openGatewayStream(service.url, tokens.gateway)
    assert.deepEqual([ofKit.status, ofGateway.status, session !== ''], [200, 200, true])
    const ends = Promise.all([ofKit.text(), ofGateway.text()])
    const startedAt = performance.now()
    await revoke(pool, client, tokens.kit)
    await revoke(pool, client, tokens.gateway)
    await ends
    // One second until it is heard at most, and one until open streams are looked at again.
    assert.ok(performance.now() - startedAt < deadlineMs + 1000, `${performance.now() - startedAt} ms`)
  })
})

test('the feed is read where the provider is reached, under the name that its issuer has', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-revocation-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const port = await freePort()
  const env = {
    POSTERN_MODE: 'development',
    POSTERN_DATA_DIR: folder,
    POSTERN_IDP_PORT: String(port),
    // Nobody answers there.
    POSTERN_IDP_URL: 'http://idp.localhost:9',
  }
  const settings = readSettings(env, 'idp')
  const log = createLogger({ level: 'silent', name: 'test' })
  const idp = await createIdpServer({ settings, secrets: await loadSecrets(settings), log })
  t.after(() => idp.close())
  const resource = 'https://mcp.example/mcp'
  await idp.directory.pools.create({ id: 'p', name: 'P' })
  await idp.directory.resources.create('p', { identifier: resource })
  await idp.directory.clients.create('p', { clientId: 'c', name: 'C', clientType: 'MACHINE_TO_MACHINE' })
  const { accessToken } = await idp.mint({ poolId: 'p', clientId: 'c' })
  const internal = { publicUrl: settings.publicUrl, internalUrl: `http://127.0.0.1:${port}` }
  const issuers = [{ issuer: 'http://idp.localhost:9/pools/p' }]
  const rs = createResourceServer({ resource, issuers, fetch: createFetch({ internal }) })
  t.after(() => rs.close())
  const isIn = async (): Promise<boolean> => {
    const headers = { authorization: `Bearer ${accessToken}` }
    return !((await rs.authenticate(new Request(resource, { headers }))) instanceof Response)
  }
  assert.equal(await isIn(), true)
  await idp.directory.clients.delete('p', 'c')
  await eventually('it is refused', async () => !(await isIn()))
})

function statusOf(response: Response): Promise<number> {
  return response.text().then(() => response.status)
}

async function worldResource(token: string): Promise<string> {
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  assert.ok(typeof claims === 'object' && claims !== null && 'aud' in claims && typeof claims.aud === 'string')
  return claims.aud
}

const mcpHeaders = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

function callGateway(url: string, token: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { ...mcpHeaders, authorization: `Bearer ${token}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
}

async function openGatewayStream(url: string, token: string): Promise<{ session: string; response: Response }> {
  const authorization = `Bearer ${token}`
  const clientInfo = { name: 'test', version: '1' }
  const started = await fetch(url, {
    method: 'POST',
    headers: { ...mcpHeaders, authorization },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
    }),
  })
  await started.text()
  const session = started.headers.get('mcp-session-id') ?? ''
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', authorization, 'mcp-session-id': session },
  })
  return { session, response }
}
