import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { createLogger, generateSecret, readSettings } from '@postern/server'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'
import type { Directory } from '../directory/types.ts'
import { createIdpServer, type IdpServer } from '../server.ts'
import { type Api, apiAt, assertProblem } from './management-fixture.ts'

const log = createLogger({ level: 'silent', name: 'test' })
const encryptionKey = randomBytes(32)
const adminToken = generateSecret()

function productionSettings(dataDir: string) {
  return readSettings(
    {
      POSTERN_MODE: 'production',
      POSTERN_DATA_DIR: dataDir,
      POSTERN_IDP_URL: 'https://id.example',
      POSTERN_GATEWAY_URL: 'https://mcp.example',
      POSTERN_IDP_PORT: '0',
      POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
      POSTERN_ENCRYPTION_KEY: encryptionKey.toString('base64url'),
      POSTERN_ADMIN_TOKEN: adminToken,
    },
    'idp',
  )
}

describe('the management API in production', () => {
  let folder: TemporaryFolder
  let server: IdpServer
  let api: Api
  before(async () => {
    folder = await temporaryFolder()
    const settings = productionSettings(folder.path)
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
    assert.equal(body['dynamicRegistrationEnabled'], false)
  })

  it('takes nothing that is for development', async () => {
    const refused = (field: string, says: RegExp) => ({ status: 400, code: 'invalid_request', field, says }) as const
    const registration = refused('dynamicRegistrationEnabled', /refused in production; remove it/)
    const unattended = refused('unattendedUser', /refused in production; remove it/)
    const open = { name: 'Open', dynamicRegistrationEnabled: true }
    await assertProblem(api, () => api.post('/user-pools', open), registration)
    await assertProblem(api, () => api.post('/user-pools', { name: 'Open', unattendedUser: 'alice' }), unattended)
    await api.post('/user-pools', { id: 'closed', name: 'Closed', dynamicRegistrationEnabled: false })
    const patch = (body: unknown) => () => api.patch('/user-pools/closed', body)
    await assertProblem(api, patch({ dynamicRegistrationEnabled: true }), registration)
    await assertProblem(api, patch({ unattendedUser: 'alice' }), unattended)
    const app = { clientId: 'app', name: 'App', clientType: 'SINGLE_PAGE_APPLICATION' }
    const clients = '/user-pools/closed/clients'
    await assertProblem(api, () => api.post(clients, { ...app, unattendedUser: 'alice' }), unattended)
    await api.post(clients, app)
    await assertProblem(api, () => api.patch(`${clients}/app`, { unattendedUser: 'alice' }), unattended)
    const seed = { version: 1, pools: [{ id: 'closed', unattendedUser: 'alice' }] }
    await assertProblem(api, () => api.post('/seed', seed), refused('pools[0].unattendedUser', /in production/))
    assert.equal((await patch({ unattendedUser: null, dynamicRegistrationEnabled: null })()).status, 200)
  })

  it('has no outbox', async () => {
    const says = /in development only/
    await assertProblem(api, () => api.get('/outbox'), { status: 404, code: 'not_found', says })
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

describe('production', () => {
  it('does not start with what development left in the database', async () => {
    const folder = await temporaryFolder()
    const production = productionSettings(folder.path)
    const secrets = { adminToken, encryptionKey }
    const fill = async (write: (directory: Directory) => Promise<unknown>) => {
      const settings = { ...production, mode: 'development' as const, publicUrl: 'http://localhost:4700' }
      const server = await createIdpServer({ settings, secrets, log, seed: write })
      await server.close()
    }
    const starts = () => createIdpServer({ settings: production, secrets, log })
    const refused = (says: RegExp) => assert.rejects(starts(), { name: 'StartError', code: 'setting', message: says })
    await fill(({ pools }) => pools.create({ id: 'pool', name: 'Pool', dynamicRegistrationEnabled: true }))
    await refused(/user pool pool has dynamicRegistrationEnabled, which is for development; start once with/)
    await fill(({ pools }) => pools.update('pool', { dynamicRegistrationEnabled: null, unattendedUser: 'alice' }))
    await refused(/user pool pool has unattendedUser/)
    await fill(async ({ pools, clients }) => {
      await pools.update('pool', { unattendedUser: null })
      const app = { clientId: 'app', name: 'App', clientType: 'SINGLE_PAGE_APPLICATION' } as const
      await clients.create('pool', { ...app, unattendedUser: 'alice' })
    })
    await refused(/client app of user pool pool has unattendedUser/)
    await fill(({ clients }) => clients.update('pool', 'app', { unattendedUser: null }))
    await (await starts()).close()
    await folder.remove()
  })
})
