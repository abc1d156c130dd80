import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { createLogger, readSettings } from '@postern/server'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'
import { applyStartSeed } from './seed/start.ts'
import { createIdpServer, type IdpServer, type IdpServerOptions } from './server.ts'

let folder: TemporaryFolder

beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const adminToken = 'an-admin-token-of-more-than-32-characters'
const log = createLogger({ level: 'silent', name: 'test' })

function settingsOf(env: Record<string, string> = {}) {
  return readSettings({ POSTERN_DATA_DIR: folder.path, POSTERN_IDP_PORT: '0', ...env }, 'idp')
}

function open(env: Record<string, string> = {}, options: Partial<IdpServerOptions> = {}): Promise<IdpServer> {
  const secrets = { adminToken, encryptionKey: new Uint8Array(32) }
  return createIdpServer({ settings: settingsOf(env), secrets, log, ...options })
}

describe('a start that fails says why in a sentence', () => {
  test('the port is in use', async () => {
    const first = await open()
    const { port } = new URL(first.url)
    const other = { POSTERN_DATA_DIR: join(folder.path, 'other'), POSTERN_IDP_PORT: port }
    await assert.rejects(open(other), { name: 'StartError', code: 'port_busy', message: /POSTERN_IDP_PORT/ })
    await first.close()
  })

  test('the database is none', async () => {
    await mkdir(join(folder.path, 'idp'))
    await writeFile(join(folder.path, 'idp', 'idp.db'), 'this is no database, however long it may be'.repeat(100))
    await assert.rejects(open(), { name: 'StartError', code: 'database_corrupt' })
  })

  test('the database was begun with another encryption key', async () => {
    await (await open()).close()
    const secrets = { adminToken, encryptionKey: new Uint8Array(32).fill(1) }
    await assert.rejects(open({}, { secrets }), { name: 'StartError', code: 'encryption_key' })
  })

  test('the seed is wrong: nothing listens, and the next start is not hindered', async () => {
    const seed = () => Promise.reject(new Error('a wrong seed'))
    await assert.rejects(open({}, { seed }), /a wrong seed/)
    await (await open()).close()
  })
})

describe('a server', () => {
  test('answers nobody before its seed is there', async () => {
    const first = await open()
    const { port } = new URL(first.url)
    await first.close()
    const isRefused = () =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ port: Number(port), host: '127.0.0.1' })
        socket.on('error', () => resolve(true))
        socket.on('connect', () => {
          socket.destroy()
          resolve(false)
        })
      })
    const refusals: boolean[] = []
    const seed = async () => void refusals.push(await isRefused())
    const server = await open({ POSTERN_IDP_PORT: port }, { seed })
    assert.deepEqual(refusals, [true])
    assert.equal(await isRefused(), false)
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
    await server.close()
  })

  test('keeps what it has over a restart, keys and all', async () => {
    const first = await open()
    const { id } = await first.directory.pools.create({ name: 'kept' })
    await first.directory.resources.create(id, { identifier: 'https://mcp.example/mcp' })
    await first.directory.clients.create(id, { clientId: 'agent', name: 'agent', clientType: 'MACHINE_TO_MACHINE' })
    const keys = await (await fetch(`${first.url}/pools/${id}/jwks`)).json()
    await first.close()
    const second = await open()
    assert.deepEqual(await (await fetch(`${second.url}/pools/${id}/jwks`)).json(), keys)
    assert.ok((await second.mint({ poolId: id, clientId: 'agent' })).accessToken)
    await second.close()
  })

  test('has the demo in development without a configuration, and a second start changes nothing', async () => {
    const settings = settingsOf()
    const seed: IdpServerOptions['seed'] = (directory) => applyStartSeed({ directory, settings, env: {} })
    const first = await open({}, { seed })
    assert.deepEqual(
      (await first.directory.pools.list({ limit: 10 })).items.map(({ id }) => id),
      ['default'],
    )
    const { revision } = await first.directory.pools.get('default')
    await first.close()
    const second = await open({}, { seed })
    assert.equal((await second.directory.pools.get('default')).revision, revision)
    const { accessToken } = await second.mint({ poolId: 'default', clientId: 'demo' })
    assert.ok(accessToken)
    await second.close()
  })

  test('closes while somebody streams events and somebody keeps a connection', async () => {
    const server = await open()
    const headers = { authorization: `Bearer ${adminToken}`, accept: 'text/event-stream' }
    const stream = await fetch(`${server.url}/api/v1/events`, { headers })
    assert.equal(stream.status, 200)
    await (await fetch(`${server.url}/healthz`)).text()
    const start = performance.now()
    await server.close()
    assert.ok(performance.now() - start < 2000)
    await stream.text().catch(() => '')
  })
})

describe('in production', () => {
  let server: IdpServer
  let production: TemporaryFolder

  before(async () => {
    production = await temporaryFolder()
    const settings = {
      ...readSettings(
        {
          POSTERN_MODE: 'production',
          POSTERN_DATA_DIR: production.path,
          POSTERN_IDP_PORT: '0',
          POSTERN_IDP_URL: 'https://idp.example',
          POSTERN_GATEWAY_URL: 'https://gateway.example',
          POSTERN_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64url'),
          POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
        },
        'idp',
      ),
      host: '127.0.0.1',
    }
    // A port that is free, for the URL that is configured says nothing about where the process listens.
    const probe = await createIdpServer({
      settings: { ...settingsIn(production.path), port: 0 },
      secrets: { adminToken, encryptionKey: new Uint8Array(32) },
      log,
    })
    const port = Number(new URL(probe.url).port)
    await probe.close()
    server = await createIdpServer({
      settings: { ...settings, port },
      secrets: { adminToken, encryptionKey: new Uint8Array(32) },
      log,
    })
    publicPort = port
  })
  after(async () => {
    await server.close()
    await production.remove()
  })

  let publicPort = 0
  const settingsIn = (path: string) => readSettings({ POSTERN_DATA_DIR: path, POSTERN_IDP_PORT: '0' }, 'idp')

  test('management, metrics and events are on the admin port alone', async () => {
    const headers = { authorization: `Bearer ${adminToken}` }
    for (const path of ['/api/v1/user-pools', '/metrics', '/api/v1/events', '/api/v1/openapi.json']) {
      assert.equal((await fetch(`${server.adminUrl}${path}`, { headers })).status, 200, path)
      assert.equal((await fetch(`http://127.0.0.1:${publicPort}${path}`, { headers })).status, 404, path)
    }
    assert.equal((await fetch(`http://127.0.0.1:${publicPort}/healthz`)).status, 200)
  })

  test('issuers are https, whatever the process listens on', async () => {
    const { id } = await server.directory.pools.create({ name: 'public' })
    const document = await (
      await fetch(`http://127.0.0.1:${publicPort}/pools/${id}/.well-known/openid-configuration`)
    ).json()
    assert.equal(document.issuer, `https://idp.example/pools/${id}`)
    assert.equal(document.token_endpoint, `https://idp.example/pools/${id}/token`)
  })

  test('nothing is minted', async () => {
    const { id } = await server.directory.pools.create({ name: 'no minting' })
    const response = await fetch(`${server.adminUrl}/api/v1/user-pools/${id}/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ clientId: 'agent' }),
    })
    assert.equal(response.status, 403)
  })
})
