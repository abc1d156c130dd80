import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { createLogger, generateSecret, readSettings } from '@postern/server'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'
import { createIdpServer, type IdpServer } from '../server.ts'
import { type Api, apiAt, assertProblem } from './management-fixture.ts'

describe('the management API in production', () => {
  let folder: TemporaryFolder
  let server: IdpServer
  let api: Api
  before(async () => {
    folder = await temporaryFolder()
    const encryptionKey = randomBytes(32)
    const adminToken = generateSecret()
    const settings = readSettings(
      {
        POSTERN_MODE: 'production',
        POSTERN_DATA_DIR: folder.path,
        POSTERN_IDP_URL: 'https://id.example',
        POSTERN_GATEWAY_URL: 'https://mcp.example',
        POSTERN_IDP_PORT: '0',
        POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
        POSTERN_ENCRYPTION_KEY: encryptionKey.toString('base64url'),
        POSTERN_ADMIN_TOKEN: adminToken,
      },
      'idp',
    )
    const log = createLogger({ level: 'silent', name: 'test' })
    server = await createIdpServer({ settings, secrets: { adminToken, encryptionKey }, log })
    api = apiAt(server.adminUrl, adminToken, server.close)
  })
  after(async () => {
    await server.close()
    await folder.remove()
  })

  it('makes addresses from the public URL', async () => {
    const { body } = await api.post('/user-pools', { id: 'pool', name: 'Pool' })
    assert.equal(body['issuer'], 'https://id.example/pools/pool')
  })

  it('mints no tokens', async () => {
    await api.post('/user-pools/pool/resources', { identifier: 'urn:example:a' })
    await api.post('/user-pools/pool/clients', { clientId: 'c', name: 'c', clientType: 'MACHINE_TO_MACHINE' })
    await assertProblem(api, () => api.post('/user-pools/pool/tokens', { clientId: 'c' }), {
      status: 403,
      code: 'forbidden',
      says: /development only; ask the token endpoint/,
    })
  })
})
