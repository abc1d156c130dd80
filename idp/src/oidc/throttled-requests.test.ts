import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { moveTime, restoreTime } from '@postern/core/testing'
import { limits } from '../limits.ts'
import { type Idp, startIdp, type TestClient, type TestPool } from '../testing/index.ts'
import { eventsOf, requestToken, type TokenAnswer } from './token-request.ts'

// Moves this process's time, so it has a file of its own.

let idp: Idp
let pool: TestPool
let client: TestClient

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({ name: 'throttled', resources: [{ identifier: 'https://mcp.example/mcp' }] })
})
beforeEach(async () => {
  // What the tests before have failed is forgotten.
  moveTime(limits.throttleMemoryMs)
  client = await pool.createClient({ name: 'agent' })
})
after(async () => {
  restoreTime()
  await idp.close()
})

const wrong = (clientId: string): Promise<TokenAnswer> =>
  requestToken(pool, { clientId, clientSecret: 'wrong-secret-of-at-least-32-characters' })

async function failUntilThrottled(clientId: string): Promise<TokenAnswer> {
  for (let time = 0; time < limits.failuresPerPair; time += 1) assert.equal((await wrong(clientId)).status, 401)
  return wrong(clientId)
}

describe('after wrong secrets', () => {
  test('a client has to wait, right secret or wrong, and is told how long', async () => {
    const answer = await failUntilThrottled(client.clientId)
    assert.equal(answer.status, 429)
    assert.equal(answer.headers.get('retry-after'), '1')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.body['error'], 'temporarily_unavailable')
    assert.match(String(answer.body['error_description']), /too many wrong client credentials; .* try again in 1 s/)
    const right = await requestToken(pool, client)
    assert.equal(right.status, 429)
    const [event] = await eventsOf(idp)
    assert.deepEqual(
      [event?.['kind'], event?.['reason'], event?.['status'], event?.['clientId']],
      ['token.refused', 'throttled', 429, client.clientId],
    )
  })

  test('the wait ends, and success clears it', async () => {
    await failUntilThrottled(client.clientId)
    moveTime(limits.throttleFirstMs)
    assert.equal((await requestToken(pool, client)).status, 200)
    for (let time = 1; time < limits.failuresPerPair; time += 1)
      assert.equal((await wrong(client.clientId)).status, 401)
    assert.equal((await requestToken(pool, client)).status, 200)
  })

  test('each failure more doubles the wait', async () => {
    await failUntilThrottled(client.clientId)
    const waits = []
    for (let time = 0; time < 3; time += 1) {
      const retryAfter = Number((await wrong(client.clientId)).headers.get('retry-after'))
      waits.push(retryAfter)
      moveTime(retryAfter * 1000)
      assert.equal((await wrong(client.clientId)).status, 401)
    }
    assert.deepEqual(waits, [1, 2, 4])
  })

  test('a client that does not exist waits like one that does', async () => {
    const known = await failUntilThrottled(client.clientId)
    const unknown = await failUntilThrottled('does-not-exist')
    assert.equal(unknown.status, 429)
    assert.deepEqual(unknown.body, known.body)
  })

  test('secrets in the body count like those in the header', async () => {
    const params = { client_id: client.clientId, client_secret: 'wrong-secret-of-at-least-32-characters' }
    for (let time = 0; time < limits.failuresPerPair; time += 1) {
      assert.equal((await requestToken(pool, undefined, params)).status, 401)
    }
    assert.equal((await requestToken(pool, client)).status, 429)
  })

  test('other clients from the same address go on', async () => {
    const other = await pool.createClient({ name: 'other' })
    assert.equal((await requestToken(pool, other)).status, 200)
    await failUntilThrottled(client.clientId)
    assert.equal((await requestToken(pool, other)).status, 200)
  })

  test('an address that tries many clients waits as a whole, but for who is known to be good', async () => {
    assert.equal((await requestToken(pool, client)).status, 200)
    const guesses = Array.from({ length: limits.failuresPerAddress }, (_, index) => wrong(`guess-${index}`))
    for (const { status } of await Promise.all(guesses)) assert.equal(status, 401)
    assert.equal((await wrong('guess-more')).status, 429)
    const newcomer = await pool.createClient({ name: 'newcomer' })
    assert.equal((await requestToken(pool, newcomer)).status, 429)
    assert.equal((await requestToken(pool, client)).status, 200)
    moveTime(limits.throttleMemoryMs)
    assert.equal((await requestToken(pool, newcomer)).status, 200)
  })
})
