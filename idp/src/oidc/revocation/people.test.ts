import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseJws, sha256Base64url } from '@postern/core'
import { openWorld, signIn, type TestClient, type Town, type World } from '../test-world.ts'
import { decode } from '../token-request.ts'

interface Tokens {
  readonly access: string
  readonly refresh: string
}

describe('what ends the tokens of people', () => {
  let world: World
  let town: Town
  before(async () => {
    world = await openWorld()
    town = await world.town('p', { refreshTokenGrace: 0 })
  })
  after(async () => {
    world.face.oidc.release()
    await world.close()
  })

  async function tokensOf(client: TestClient = town.web): Promise<Tokens> {
    const { status, body } = await signIn(world, town, { client, params: { resource: 'https://mcp.example/mcp' } })
    const { access_token: access, refresh_token: refresh } = body
    assert.ok(status === 200 && typeof access === 'string' && typeof refresh === 'string', JSON.stringify(body))
    return { access, refresh }
  }
  const refreshed = (refresh: string, client: TestClient = town.web) =>
    world.post(town, '/token', client, { grant_type: 'refresh_token', refresh_token: refresh })
  const introspect = async (token: string, client: TestClient = town.web) =>
    (await world.post(town, '/introspect', client, { token })).body
  const isActive = async (token: string, client?: TestClient) => (await introspect(token, client))['active']
  const entries = async () => {
    const text = await (await world.get(`${town.issuer}/revocations`)).text()
    const jws = parseJws(text, { maxLength: 1e6 })
    return jws.malformed === undefined ? JSON.stringify(jws.payload['entries']) : assert.fail(text)
  }

  test('an access token names its grant by a hash, and introspection does not repeat it', async () => {
    const { access } = await tokensOf()
    const { claims } = decode(access)
    assert.match(String(claims['grant_id']), /^[A-Za-z0-9_-]{43}$/)
    const told = await introspect(access)
    assert.deepEqual([told['active'], told['sub'], told['grant_id']], [true, town.ada.id, undefined])
  })

  test('a refresh token is known to the client alone that it was given to', async () => {
    const { refresh } = await tokensOf()
    const other = await town.client()
    const told = await introspect(refresh)
    assert.deepEqual([told['active'], told['client_id'], told['sub']], [true, town.web.clientId, town.ada.id])
    assert.deepEqual(await introspect(refresh, other), { active: false })
    const hinted = await world.post(town, '/introspect', other, { token: refresh, token_type_hint: 'refresh_token' })
    assert.deepEqual(hinted.body, { active: false })
  })

  test('a revoked refresh token takes with it what came of it; nobody else can revoke it', async () => {
    const { access, refresh } = await tokensOf()
    const other = await town.client()
    const again = await tokensOf()
    assert.equal((await world.post(town, '/revoke', other, { token: refresh })).status, 200)
    assert.deepEqual([await isActive(refresh), await isActive(access)], [true, true])
    const { status, body } = await world.post(town, '/revoke', town.web, { token: refresh })
    assert.deepEqual([status, body], [200, {}])
    assert.deepEqual([await isActive(refresh), await isActive(access)], [false, false])
    assert.equal((await refreshed(refresh)).status, 400)
    const grant = String(decode(access).claims['grant_id'])
    assert.ok((await entries()).includes(await sha256Base64url(grant)))
    assert.equal(await isActive(again.access), true, 'another sign-in is another grant')
  })

  test('a public client revokes its own', async () => {
    const spa = await town.client({ clientType: 'SINGLE_PAGE_APPLICATION' })
    const { access, refresh } = await tokensOf(spa)
    assert.equal(await isActive(access), true)
    assert.deepEqual(await introspect(access, spa), { active: false })
    assert.equal((await world.post(town, '/revoke', spa, { token: refresh })).status, 200)
    assert.equal(await isActive(access), false)
  })

  test('a revoked access token leaves the refresh token, which gives another', async () => {
    const { access, refresh } = await tokensOf()
    assert.equal((await world.post(town, '/revoke', town.web, { token: access })).status, 200)
    assert.deepEqual([await isActive(access), await isActive(refresh)], [false, true])
    const { status, body } = await refreshed(refresh)
    assert.equal(status, 200)
    assert.equal(await isActive(String(body['access_token'])), true)
  })

  test('a refresh token that comes a second time ends its whole family', async () => {
    const { access, refresh } = await tokensOf()
    const { body } = await refreshed(refresh)
    const next = String(body['access_token'])
    assert.deepEqual([await isActive(access), await isActive(next)], [true, true])
    assert.equal((await refreshed(refresh)).status, 400)
    assert.deepEqual([await isActive(access), await isActive(next)], [false, false])
    assert.equal((await refreshed(String(body['refresh_token']))).status, 400)
  })

  test('a new password ends what was signed in to with the old one, and nothing after it', async () => {
    const { access } = await tokensOf()
    await world.ground.directory.users.setPassword('p', town.ada.id, 'Difference-1822', { permanent: true })
    assert.equal(await isActive(access), false)
    assert.equal(await isActive((await tokensOf()).access), true)
  })

  test('a person who is disabled; enabled again, what was issued before stays dead', async () => {
    const { access, refresh } = await tokensOf()
    await world.ground.directory.users.update('p', town.ada.id, { status: 'DISABLED' })
    assert.equal(await isActive(access), false)
    assert.equal(await isActive(refresh), false)
    assert.ok((await entries()).includes(await sha256Base64url(town.ada.id)))
    await world.ground.directory.users.update('p', town.ada.id, { status: 'CONFIRMED' })
    assert.equal(await isActive(access), false)
  })

  test('a person who is deleted', async () => {
    const other = await world.town('q')
    const { body } = await signIn(world, other, { params: { resource: 'https://mcp.example/mcp' } })
    const token = String(body['access_token'])
    const ask = async () => (await world.post(other, '/introspect', other.web, { token })).body['active']
    assert.equal(await ask(), true)
    await world.ground.directory.users.delete('q', other.ada.id)
    assert.equal(await ask(), false)
  })
})
