import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, it } from 'node:test'
import { createLogger, generateSecret, readSettings } from '@postern/server'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'
import { createIdpServer, type IdpServer } from '../server.ts'
import { type Api, apiAt } from './management-fixture.ts'

const address = '203.0.113.7'
let folder: TemporaryFolder
let server: IdpServer
let api: Api

before(async () => {
  folder = await temporaryFolder()
  const secrets = { adminToken: generateSecret(), encryptionKey: randomBytes(32) }
  const settings = readSettings(
    { POSTERN_DATA_DIR: folder.path, POSTERN_IDP_PORT: '0', POSTERN_GATEWAY_PORT: '0' },
    'idp',
  )
  server = await createIdpServer({ settings, secrets, log: createLogger({ level: 'silent', name: 'test' }) })
  api = apiAt(server.adminUrl, secrets.adminToken, server.close)
})
after(async () => {
  await server.close()
  await folder.remove()
})

it('shows the code of a sign-up, and that it confirms', async () => {
  await api.post('/user-pools', { id: 'people', name: 'People', signInAttributes: ['email'], selfSignUpEnabled: true })
  const { accounts } = server.directory
  const name = 'alice@mail.example'
  await accounts.signUp('people', { attributes: { email: name }, password: 'Correct-horse-7', address })
  const answer = await api.get('/outbox?poolId=people&kind=confirmation')
  assert.deepEqual([answer.status, answer.headers.get('cache-control')], [200, 'no-store'])
  const { items } = answer.body
  assert.ok(Array.isArray(items))
  const [{ id, userId, code, createdAt, expiresAt, ...message }] = items
  assert.deepEqual(message, { poolId: 'people', channel: 'email', to: name, kind: 'confirmation' })
  assert.equal(Date.parse(expiresAt) - Date.parse(createdAt), 600_000)
  assert.match(code, /^[0-9]{8}$/)
  assert.notEqual(id, userId)
  assert.deepEqual((await api.get('/outbox?kind=recovery')).body['items'], [])
  assert.equal((await accounts.confirm('people', { name, code, address })).outcome, 'ok')
  const user = await api.get(`/user-pools/people/users/${userId}`)
  assert.deepEqual([user.body['status'], user.body['emailVerified']], ['CONFIRMED', true])
  const events = await api.get('/events?limit=100')
  assert.ok(!JSON.stringify(events.body).includes(name) && !JSON.stringify(events.body).includes(code))
})
