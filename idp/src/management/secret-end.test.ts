import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { moveTime, restoreTime } from '@postern/core/testing'
import { type Api, startApi } from './management-fixture.ts'

const secrets = '/user-pools/pool/clients/agent/secrets'

describe('a secret with an end', () => {
  let api: Api
  before(async () => {
    api = await startApi()
    await api.post('/user-pools', { id: 'pool', name: 'Pool' })
    await api.post('/user-pools/pool/resources', { identifier: 'urn:example:a' })
    await api.post('/user-pools/pool/clients', { clientId: 'agent', name: 'Agent', clientType: 'MACHINE_TO_MACHINE' })
  })
  after(async () => {
    restoreTime()
    await api.close()
  })

  async function token(clientSecret: unknown): Promise<number> {
    const response = await fetch(`${api.url}/pools/pool/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`agent:${clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    await response.arrayBuffer()
    return response.status
  }

  it('is good until then, makes room after, and is shown with its end', async () => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString()
    const created = await api.post(secrets, { expiresAt })
    assert.deepEqual([created.status, created.body['expiresAt']], [201, expiresAt])
    const { id, clientSecret } = created.body
    assert.equal(await token(clientSecret), 200)
    const ends = async () => {
      const { items } = (await api.get(secrets)).body
      assert.ok(Array.isArray(items))
      return new Map(items.map((one) => [one.id, one.expiresAt]))
    }
    assert.equal((await ends()).get(id), expiresAt)
    assert.equal((await api.post(secrets, {})).status, 409)

    moveTime(60_000)
    assert.equal(await token(clientSecret), 401)
    assert.deepEqual([...(await ends()).values()], [null])
    const next = await api.post(secrets, {})
    assert.deepEqual([next.status, next.body['expiresAt']], [201, null])
    assert.equal(await token(next.body['clientSecret']), 200)
  })
})
