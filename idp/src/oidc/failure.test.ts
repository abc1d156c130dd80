import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type Face, type Ground, openFace, openGround } from './test-face.ts'
import { requestToken } from './token-request.ts'

const client = { clientId: 'agent', clientSecret: 'a-secret-that-is-long-enough_0123456789' }

let ground: Ground
let face: Face

beforeEach(async () => {
  ground = await openGround()
  const { directory } = ground
  await directory.pools.create({ id: 'pool', name: 'pool' })
  await directory.resources.create('pool', { identifier: 'https://mcp.example/mcp' })
  await directory.clients.create('pool', { ...client, name: 'agent', clientType: 'MACHINE_TO_MACHINE' })
})
afterEach(async () => {
  await face.close()
  await ground.close()
})

for (const fastLane of [true, false]) {
  test(`a database that is gone: server_error, recorded, ${fastLane ? 'on the lane of our own' : 'in the library'}`, async () => {
    face = await openFace(ground, fastLane)
    const pool = { tokenUrl: `${face.url}/pools/pool/token` }
    assert.equal((await requestToken(pool, client)).status, 200)
    // The pool is known, its client is not any more.
    await ground.directory.clients.create('pool', { clientId: 'b', name: 'b', clientType: 'MACHINE_TO_MACHINE' })
    assert.equal((await fetch(`${face.url}/pools/pool/jwks`)).status, 200)
    await ground.store.close()
    const { status, body, headers } = await requestToken(pool, client)
    assert.equal(status, 500)
    assert.equal(body['error'], 'server_error')
    assert.doesNotMatch(JSON.stringify(body), /sqlite|database|kysely/i)
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(headers.get('cache-control'), 'no-store')
    const event = face.events.at(-1)
    assert.deepEqual(
      [event?.kind, event?.outcome, event?.reason, event?.status, event?.poolId],
      ['token.refused', 'error', 'internal', 500, 'pool'],
    )
  })
}
