import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sha256Base64url } from '@postern/core'
import type { User } from '../directory/types.ts'
import { approve, ask, landed, openWorld, signIn, type Town, told, type World } from './test-world.ts'

let world: World
let town: Town

before(async () => {
  world = await openWorld()
  town = await world.town('town')
})
after(() => world.close())

let count = 0
function person(): Promise<User> {
  count += 1
  return world.ground.directory.users.create(town.id, {
    preferredUsername: `person-${count}`,
    password: 'Analytical-1843',
    status: 'CONFIRMED',
  })
}

/** Somebody who is signed in, with tokens. */
async function signedIn() {
  const user = await person()
  const browser = world.browser()
  const name = user.preferredUsername ?? ''
  await approve(browser, ask(town, town.web, { scope: 'openid' }), name)
  const { body } = await signIn(world, town, { browser, params: { scope: 'openid' } })
  return { user, browser, refreshToken: String(body['refresh_token']), accessToken: String(body['access_token']) }
}

const refresh = (refreshToken: string) =>
  world.post(town, '/token', town.web, { grant_type: 'refresh_token', refresh_token: refreshToken })

const userinfo = (token: string) => world.get(`${town.issuer}/userinfo`, { authorization: `Bearer ${token}` })

async function rowsOf(userId: string): Promise<number> {
  const rows = await world.ground.store.db.selectFrom('oidc_model').select('account').execute()
  const account = await sha256Base64url(userId)
  return rows.filter((row) => row.account === account).length
}

for (const [what, end] of [
  ['disabled', (id: string) => world.ground.directory.users.update(town.id, id, { status: 'DISABLED' })],
  ['deleted', (id: string) => world.ground.directory.users.delete(town.id, id)],
] as const) {
  test(`who is ${what} has no session, grant, token or code any more`, async () => {
    const { user, browser, refreshToken, accessToken } = await signedIn()
    assert.equal((await userinfo(accessToken)).status, 200)
    await end(user.id)
    assert.equal((await refresh(refreshToken)).body['error'], 'invalid_grant')
    assert.equal((await userinfo(accessToken)).status, 401)
    assert.equal(told(await browser.follow(ask(town, town.web).url))['prompt'], 'login')
    const silent = landed(await browser.follow(ask(town, town.web, { prompt: 'none' }).url))
    assert.equal(silent.params.get('error'), 'login_required')
    assert.equal(await rowsOf(user.id), 0)
  })
}

test('who is enabled again begins anew', async () => {
  const { user, browser, refreshToken } = await signedIn()
  const { users } = world.ground.directory
  await users.update(town.id, user.id, { status: 'DISABLED' })
  await users.update(town.id, user.id, { status: 'CONFIRMED' })
  assert.equal((await refresh(refreshToken)).body['error'], 'invalid_grant')
  assert.equal(told(await browser.follow(ask(town, town.web).url))['prompt'], 'login')
})

test('a new password ends what the old one began', async () => {
  const { user, browser, refreshToken } = await signedIn()
  await world.ground.directory.users.setPassword(town.id, user.id, 'Difference-1822', { permanent: true })
  assert.equal((await refresh(refreshToken)).body['error'], 'invalid_grant')
  assert.equal(told(await browser.follow(ask(town, town.web).url))['prompt'], 'login')
})

test('somebody who is disabled between sign-in and consent gets no code', async () => {
  const user = await person()
  const browser = world.browser()
  const login = await browser.follow(ask(town, town.web).url)
  const consent = await browser.follow(login.url, { as: user.preferredUsername ?? '' })
  await world.ground.directory.users.update(town.id, user.id, { status: 'DISABLED' })
  const visit = await browser.follow(consent.url, { consent: 'yes' })
  assert.doesNotMatch(visit.location ?? '', /code=/)
})
