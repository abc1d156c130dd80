import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { files, mcp, openWorld, signIn, type Town, type World } from './test-world.ts'

let world: World
let town: Town

before(async () => {
  world = await openWorld()
  town = await world.town('town')
  await world.ground.directory.users.update(town.id, town.ada.id, {
    phoneNumber: '+15550100',
    phoneNumberVerified: false,
    birthdate: '1815-12-10',
    website: 'https://ada.example',
  })
})
after(() => world.close())

async function tokenFor(scope: string): Promise<string> {
  const { body } = await signIn(world, town, { params: { scope } })
  return String(body['access_token'])
}

async function userinfo(token: string): Promise<Record<string, unknown>> {
  const response = await world.get(`${town.issuer}/userinfo`, { authorization: `Bearer ${token}` })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  return (await response.json()) as Record<string, unknown>
}

describe('userinfo', () => {
  for (const [scope, names] of [
    ['openid', ['sub']],
    ['openid email', ['email', 'email_verified', 'sub']],
    ['openid phone', ['phone_number', 'phone_number_verified', 'sub']],
    ['openid profile', ['birthdate', 'given_name', 'name', 'preferred_username', 'sub', 'updated_at', 'website']],
  ] as const) {
    test(`for ${scope} says ${names.join(', ')}`, async () => {
      const claims = await userinfo(await tokenFor(scope))
      assert.deepEqual(Object.keys(claims).sort(), [...names])
      assert.equal(claims['sub'], town.ada.id)
    })
  }

  test('takes the token by POST, and answers scripts of any origin', async () => {
    const token = await tokenFor('openid email')
    const { status, body } = await world.post(town, '/userinfo', undefined, { access_token: token })
    assert.equal(status, 200)
    assert.equal(body['email'], 'ada@example.com')
    const headers = { authorization: `Bearer ${token}`, origin: 'https://app.example' }
    const response = await world.get(`${town.issuer}/userinfo`, headers)
    assert.equal(response.headers.get('access-control-allow-origin'), 'https://app.example')
  })
})

describe('refused', () => {
  const ask = (headers: Record<string, string>, query = '') => world.get(`${town.issuer}/userinfo${query}`, headers)

  for (const resource of [mcp, files]) {
    test(`a token for ${resource}: it is for that, and not to read who somebody is`, async () => {
      const { body } = await signIn(world, town, { params: { scope: 'openid profile', resource } })
      const response = await ask({ authorization: `Bearer ${body['access_token']}` })
      assert.equal(response.status, 401)
      assert.match(response.headers.get('www-authenticate') ?? '', /error="invalid_token"/)
    })
  }

  for (const [what, headers, status] of [
    ['nothing', {}, 401],
    ['a token that nobody issued', { authorization: 'Bearer x' }, 401],
    ['another scheme', { authorization: 'Basic eDp5' }, 400],
  ] as const) {
    test(`${what}: ${status} with a challenge`, async () => {
      const response = await ask(headers)
      assert.equal(response.status, status)
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer /)
    })
  }

  test('a token in the query', async () => {
    const response = await ask({}, `?access_token=${await tokenFor('openid')}`)
    assert.equal(response.status, 400)
  })
})
