import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findServers, type ServerOptions } from './servers.ts'

const urls = (options: ServerOptions, env: Record<string, string>) => {
  const { idp, gateway } = findServers(options, { POSTERN_DATA_DIR: '/nowhere', ...env })
  return [idp.url, gateway.url]
}

test('where the servers are: options, else variables, else the defaults', () => {
  assert.deepEqual(urls({}, {}), ['http://localhost:4700', 'http://localhost:4701'])
  const ports = { POSTERN_IDP_PORT: '1', POSTERN_GATEWAY_PORT: '2' }
  assert.deepEqual(urls({}, ports), ['http://localhost:1', 'http://localhost:2'])
  const public_ = {
    ...ports,
    POSTERN_IDP_URL: 'https://id.example.com/',
    POSTERN_GATEWAY_URL: 'https://mcp.example.com',
  }
  assert.deepEqual(urls({}, public_), ['https://id.example.com', 'https://mcp.example.com'])
  assert.deepEqual(urls({ idpUrl: 'http://[::1]:3' }, public_), ['http://[::1]:3', 'https://mcp.example.com'])
})

test('in another container the internal URL leads to the identity provider', () => {
  const env = { POSTERN_IDP_URL: 'http://localhost:4700', POSTERN_IDP_INTERNAL_URL: 'http://idp:4700' }
  assert.deepEqual(urls({}, env), ['http://idp:4700', 'http://localhost:4701'])
})

test('in production the management APIs are where they listen by default', () => {
  const env = { POSTERN_MODE: 'production', POSTERN_IDP_URL: 'https://id.example.com' }
  assert.deepEqual(urls({}, env), ['http://127.0.0.1:4710', 'http://127.0.0.1:4711'])
  assert.deepEqual(urls({ idpUrl: 'http://127.0.0.1:9' }, env), ['http://127.0.0.1:9', 'http://127.0.0.1:4711'])
})

test('the admin token: option, else variable, else the file in the data folder, else none', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'postern-cli-'))
  t.after(() => rm(data, { recursive: true, force: true }))
  const token = (options: ServerOptions, env: Record<string, string>) =>
    findServers(options, { POSTERN_DATA_DIR: data, ...env }).idp.adminToken
  assert.equal(token({}, {}), undefined)
  await writeFile(join(data, 'admin-token'), 'from-file\n')
  assert.equal(token({}, {}), 'from-file')
  assert.equal(token({}, { POSTERN_ADMIN_TOKEN: '' }), 'from-file')
  assert.equal(token({}, { POSTERN_ADMIN_TOKEN: 'from-variable' }), 'from-variable')
  assert.equal(token({ adminToken: 'from-option' }, { POSTERN_ADMIN_TOKEN: 'from-variable' }), 'from-option')
})
