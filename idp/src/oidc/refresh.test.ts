// Moves this process's time: a file of its own.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { moveTime, restoreTime } from '@postern/core/testing'
import {
  approve,
  ask,
  files,
  mcp,
  openWorld,
  signIn,
  type TestClient,
  type Town,
  told,
  type World,
} from './test-world.ts'
import { decode, type Params, type TokenAnswer, tokenOf } from './token-request.ts'

const second = 1000

let world: World
let town: Town

before(async () => {
  world = await openWorld()
  town = await world.town('town')
})
afterEach(restoreTime)
after(() => world.close())

const refreshTokenOf = ({ body }: TokenAnswer) => String(body['refresh_token'])

function refresh(
  from: TokenAnswer,
  params: Params = {},
  client: TestClient = town.web,
  at = town,
): Promise<TokenAnswer> {
  return world.post(at, '/token', client, {
    grant_type: 'refresh_token',
    refresh_token: refreshTokenOf(from),
    ...params,
  })
}

function assertRefused(answer: TokenAnswer, error: string): void {
  assert.equal(answer.status, 400, JSON.stringify(answer.body))
  assert.equal(answer.body['error'], error)
  assert.equal('access_token' in answer.body, false)
}

describe('a refresh token', () => {
  test('comes without offline_access, and gives new tokens for the same person, resource and scope', async () => {
    const first = await signIn(world, town, { params: { scope: 'openid read', resource: mcp } })
    const next = await refresh(first)
    assert.equal(next.status, 200)
    const { claims } = decode(tokenOf(next))
    assert.equal(claims['sub'], town.ada.id)
    assert.equal(claims['aud'], mcp)
    assert.equal(claims['scope'], 'read')
    assert.notEqual(refreshTokenOf(next), refreshTokenOf(first))
    assert.equal(decode(String(next.body['id_token'])).claims['sub'], town.ada.id)
  })

  test('is for clients that have the grant type alone', async () => {
    const without = await town.client({ grantTypes: ['authorization_code'] })
    const answer = await signIn(world, town, { client: without, params: { scope: 'read offline_access' } })
    assert.equal('refresh_token' in answer.body, false)
    const first = await signIn(world, town)
    assertRefused(await refresh(first, {}, without), 'invalid_request')
  })

  test('is of no use to another client, which does not end it', async () => {
    const first = await signIn(world, town)
    assertRefused(await refresh(first, {}, await town.client()), 'invalid_grant')
    assert.equal((await refresh(first)).status, 200)
  })

  test('may be used for less, and keeps what it has', async () => {
    const first = await signIn(world, town)
    const less = await refresh(first, { scope: 'read' })
    assert.equal(less.body['scope'], 'read')
    assert.equal((await refresh(less)).body['scope'], 'read write')
  })

  test('is not used up by a request for more, nor for another resource', async () => {
    const first = await signIn(world, town, { params: { scope: 'read' } })
    assertRefused(await refresh(first, { scope: 'read write' }), 'invalid_scope')
    const elsewhere = await refresh(first, { resource: files })
    assertRefused(elsewhere, 'invalid_target')
    assert.match(String(elsewhere.body['error_description']), /sent resource .* the resource of this grant is/)
    assertRefused(await refresh(first, { resource: [mcp, files] }), 'invalid_target')
    moveTime(3600 * second)
    assert.equal((await refresh(first)).status, 200)
  })

  test('gives no more than the client may have now', async () => {
    const client = await town.client()
    const first = await signIn(world, town, { client })
    await world.ground.directory.clients.update(town.id, client.clientId, { scopes: ['read'] })
    assert.equal((await refresh(first, {}, client)).body['scope'], 'read')
    await world.ground.directory.clients.update(town.id, client.clientId, { scopes: null, resources: [files] })
    assertRefused(await refresh(await signIn(world, town), {}, client), 'invalid_grant')
  })
})

describe('rotation', () => {
  test('within the grace a second use is answered, and what it gives goes on working', async () => {
    const first = await signIn(world, town)
    const one = await refresh(first)
    moveTime(29 * second)
    const two = await refresh(first)
    assert.equal(two.status, 200)
    assert.notEqual(refreshTokenOf(one), refreshTokenOf(two))
    assert.equal((await refresh(one)).status, 200)
    assert.equal((await refresh(two)).status, 200)
  })

  test('hosts that share it and use it at the same moment are all answered', async () => {
    const first = await signIn(world, town)
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(first)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 200],
    )
    assert.equal(new Set(answers.map(refreshTokenOf)).size, 5)
  })

  test('a second use does not make the grace longer', async () => {
    const first = await signIn(world, town)
    await refresh(first)
    moveTime(20 * second)
    assert.equal((await refresh(first)).status, 200)
    moveTime(20 * second)
    assertRefused(await refresh(first), 'invalid_grant')
  })

  test('after the grace the whole family dies', async () => {
    const first = await signIn(world, town)
    const next = await refresh(first)
    const newest = await refresh(next)
    moveTime(31 * second)
    assertRefused(await refresh(first), 'invalid_grant')
    assertRefused(await refresh(newest), 'invalid_grant')
    assertRefused(await refresh(next), 'invalid_grant')
    const refusal = world.face.events.filter(({ kind }) => kind === 'token.refused').at(-1)
    assert.equal(refusal?.reason, 'invalid_grant')
  })

  test('another family of the same client and person lives on', async () => {
    const one = await signIn(world, town)
    const two = await signIn(world, town)
    await refresh(one)
    moveTime(31 * second)
    assertRefused(await refresh(one), 'invalid_grant')
    assert.equal((await refresh(two)).status, 200)
  })

  test('without a grace the second use is the last', async () => {
    const strict = await world.town('strict', { refreshTokenGrace: 0 })
    const first = await signIn(world, strict)
    const next = await refresh(first, {}, strict.web, strict)
    assert.equal(next.status, 200)
    assertRefused(await refresh(first, {}, strict.web, strict), 'invalid_grant')
    assertRefused(await refresh(next, {}, strict.web, strict), 'invalid_grant')
  })

  test('the grace is what the pool says now', async () => {
    const changing = await world.town('changing', { refreshTokenGrace: 300 })
    const first = await signIn(world, changing)
    await refresh(first, {}, changing.web, changing)
    moveTime(200 * second)
    assert.equal((await refresh(first, {}, changing.web, changing)).status, 200)
    await changing.change({ refreshTokenGrace: 10 })
    assertRefused(await refresh(first, {}, changing.web, changing), 'invalid_grant')
  })
})

describe('lifetime', () => {
  test('each lives as long as the pool says, from its own making', async () => {
    const brief = await world.town('brief', { refreshTokenTtl: 3600 })
    let answer = await signIn(world, brief)
    for (let hours = 0; hours < 5; hours += 1) {
      moveTime(3599 * second)
      answer = await refresh(answer, {}, brief.web, brief)
      assert.equal(answer.status, 200)
    }
    moveTime(3601 * second)
    assertRefused(await refresh(answer, {}, brief.web, brief), 'invalid_grant')
  })

  test('or as the client says, however long', async () => {
    const patient = await town.client({ refreshTokenTtl: 400 * 24 * 3600 })
    let answer = await signIn(world, town, { client: patient })
    for (let years = 0; years < 2; years += 1) {
      moveTime(399 * 24 * 3600 * second)
      answer = await refresh(answer, {}, patient)
      assert.equal(answer.status, 200)
    }
  })
})

describe('a code', () => {
  async function codeOf(client: TestClient): Promise<Params> {
    const asked = ask(town, client)
    const { params } = await approve(world.browser(), asked)
    const code = params.get('code') ?? ''
    const redirect = client.redirectUris[0]
    return { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: asked.verifier }
  }

  test('lives a minute', async () => {
    const code = await codeOf(town.web)
    moveTime(61 * second)
    assertRefused(await world.post(town, '/token', town.web, code), 'invalid_grant')
  })

  test('and a refresh token of a client that was deleted are of no use, nor to one made anew under its id', async () => {
    const { clients } = world.ground.directory
    const input = { clientId: 'fleeting', clientType: 'SINGLE_PAGE_APPLICATION' } as const
    const fleeting = await town.client(input)
    const browser = world.browser()
    const first = await signIn(world, town, { client: fleeting, browser })
    const code = await codeOf(fleeting)
    await clients.delete(town.id, 'fleeting')
    assert.equal((await refresh(first, {}, fleeting)).status, 401)
    assert.equal((await world.post(town, '/token', fleeting, code)).status, 401)
    assert.equal((await browser.go(ask(town, fleeting).url)).status, 400)
    moveTime(2 * second)
    await town.client(input)
    assertRefused(await refresh(first, {}, fleeting), 'invalid_grant')
    assertRefused(await world.post(town, '/token', fleeting, code), 'invalid_grant')
    assert.equal(told(await browser.follow(ask(town, fleeting).url))['prompt'], 'consent')
  })
})
