import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ensureLocalTls } from '@postern/server'
import { findServers, type ServerOptions } from './servers.ts'

const urls = async (options: ServerOptions, env: Record<string, string>) => {
  const { idp, gateway } = await findServers(options, { POSTERN_DATA_DIR: '/nowhere', ...env })
  return [idp.url, gateway.url]
}

test('where the servers are: options, else variables, else the defaults', async () => {
  assert.deepEqual(await urls({}, {}), ['http://localhost:4700', 'http://localhost:4701'])
  const ports = { POSTERN_IDP_PORT: '1', POSTERN_GATEWAY_PORT: '2' }
  assert.deepEqual(await urls({}, ports), ['http://localhost:1', 'http://localhost:2'])
  const public_ = {
    ...ports,
    POSTERN_IDP_URL: 'https://id.example.com/',
    POSTERN_GATEWAY_URL: 'https://mcp.example.com',
  }
  assert.deepEqual(await urls({}, public_), ['https://id.example.com', 'https://mcp.example.com'])
  assert.deepEqual(await urls({ idpUrl: 'http://[::1]:3' }, public_), ['http://[::1]:3', 'https://mcp.example.com'])
})

test('in another container the internal URL leads to the identity provider', async () => {
  const env = { POSTERN_IDP_URL: 'http://localhost:4700', POSTERN_IDP_INTERNAL_URL: 'http://idp:4700' }
  assert.deepEqual(await urls({}, env), ['http://idp:4700', 'http://localhost:4701'])
})

test('in production the management APIs are where they listen by default', async () => {
  const env = { POSTERN_MODE: 'production', POSTERN_IDP_URL: 'https://id.example.com' }
  assert.deepEqual(await urls({}, env), ['http://127.0.0.1:4710', 'http://127.0.0.1:4711'])
  assert.deepEqual(await urls({ idpUrl: 'http://127.0.0.1:9' }, env), ['http://127.0.0.1:9', 'http://127.0.0.1:4711'])
})

test('the admin token: option, else variable, else the file in the data folder, else none', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'postern-cli-'))
  t.after(() => rm(data, { recursive: true, force: true }))
  const token = async (options: ServerOptions, env: Record<string, string>) =>
    (await findServers(options, { POSTERN_DATA_DIR: data, ...env })).idp.adminToken
  assert.equal(await token({}, {}), undefined)
  await writeFile(join(data, 'admin-token'), 'from-file\n')
  assert.equal(await token({}, {}), 'from-file')
  assert.equal(await token({}, { POSTERN_ADMIN_TOKEN: '' }), 'from-file')
  assert.equal(await token({}, { POSTERN_ADMIN_TOKEN: 'from-variable' }), 'from-variable')
  assert.equal(await token({ adminToken: 'from-option' }, { POSTERN_ADMIN_TOKEN: 'from-variable' }), 'from-option')
})

test('a certificate says that the servers speak https', async () => {
  const secured = { POSTERN_TLS_CERT: 'cert.pem', POSTERN_TLS_KEY: 'key.pem' }
  assert.deepEqual(await urls({}, secured), ['https://localhost:4700', 'https://localhost:4701'])
  const elsewhere = { ...secured, POSTERN_GATEWAY_URL: 'http://localhost:9' }
  assert.deepEqual(await urls({}, elsewhere), ['https://localhost:4700', 'http://localhost:9'])
})

test('without a variable: https where the authority of the data folder signed for who answers, else http', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'postern-cli-'))
  t.after(() => rm(data, { recursive: true, force: true }))
  const pair = await ensureLocalTls({ dataDir: data, hosts: [] })
  const pem = await readFile(pair.cert, 'utf8')
  const secured = await listening(t, createTlsServer({ cert: pem, key: pem }))
  const plain = await listening(t, createServer())
  const env = { POSTERN_DATA_DIR: data, POSTERN_IDP_PORT: secured, POSTERN_GATEWAY_PORT: plain }
  assert.deepEqual(await urls({}, env), [`https://localhost:${secured}`, `http://localhost:${plain}`])
  const other = await mkdtemp(join(tmpdir(), 'postern-cli-'))
  t.after(() => rm(other, { recursive: true, force: true }))
  await ensureLocalTls({ dataDir: other, hosts: [] })
  const [foreign] = await urls({}, { ...env, POSTERN_DATA_DIR: other })
  assert.equal(foreign, `http://localhost:${secured}`, 'another authority does not count')
})

/** Listens on a port of its own until the test is over, and gives the port. */
async function listening(t: TestContext, server: Server): Promise<string> {
  server.on('tlsClientError', () => {}).listen(0, 'localhost')
  await once(server, 'listening')
  t.after(() => void server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return String(address.port)
}
