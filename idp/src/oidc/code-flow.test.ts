import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { openFace } from './test-face.ts'
import {
  approve,
  ask,
  callback,
  files,
  landed,
  mcp,
  openWorld,
  signIn,
  type Town,
  told,
  type World,
} from './test-world.ts'
import { decode, type TokenAnswer, tokenOf } from './token-request.ts'

let world: World
let town: Town

before(async () => {
  world = await openWorld()
  town = await world.town('town')
})
after(() => world.close())

const claimsOf = (answer: TokenAnswer) => decode(tokenOf(answer)).claims

async function verified(token: unknown, audience: string) {
  const jwks = (await (await world.get(`${town.issuer}/jwks`)).json()) as JSONWebKeySet
  return await jwtVerify(String(token), createLocalJWKSet(jwks), { issuer: town.issuer, audience })
}

describe('a code flow', () => {
  test('goes from sign-in over consent to the redirect URI, and its code to a token for the resource', async () => {
    const browser = world.browser()
    const asked = ask(town, town.web, { scope: 'openid profile email read', resource: mcp, nonce: 'n-1' })
    const login = await browser.follow(asked.url)
    const atLogin = told(login)
    assert.equal(atLogin['prompt'], 'login')
    assert.deepEqual(atLogin['resource'], { identifier: mcp, name: 'Everyday tools' })
    assert.equal(atLogin['userId'], undefined)
    assert.match(login.url, /\/pools\/town\/sign-in\/[\w-]+$/)

    const consent = await browser.follow(login.url, { as: 'ada' })
    const atConsent = told(consent)
    assert.equal(atConsent['prompt'], 'consent')
    assert.equal(atConsent['userId'], town.ada.id)
    assert.deepEqual(atConsent['scopes'], [
      { name: 'openid' },
      { name: 'profile' },
      { name: 'email' },
      { name: 'read', description: 'Read things' },
    ])
    assert.deepEqual(atConsent['client'], {
      clientId: town.web.clientId,
      name: 'App',
      known: 'registered',
      redirectUri: callback,
      redirectHost: 'app.example',
      loopbackOnly: false,
    })

    const { uri, params } = landed(await browser.follow(consent.url, { consent: 'yes' }))
    assert.equal(uri, callback)
    assert.equal(params.get('state'), asked.state)
    assert.equal(params.get('iss'), town.issuer)
    assert.deepEqual([...params.keys()].sort(), ['code', 'iss', 'state'])

    const answer = await world.post(town, '/token', town.web, {
      grant_type: 'authorization_code',
      code: params.get('code') ?? '',
      redirect_uri: callback,
      code_verifier: asked.verifier,
      resource: mcp,
    })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.body['expires_in'], 600)
    assert.equal(answer.body['scope'], 'read')
    assert.equal(typeof answer.body['refresh_token'], 'string')
    const { payload, protectedHeader } = await verified(answer.body['access_token'], mcp)
    assert.equal(protectedHeader.typ, 'at+jwt')
    assert.equal(payload.sub, town.ada.id)
    assert.equal(payload['client_id'], town.web.clientId)
    assert.equal(payload['scope'], 'read')
    assert.equal(payload['groups'], undefined)
    assert.equal(payload['email'], undefined)

    const id = await verified(answer.body['id_token'], town.web.clientId)
    assert.equal(id.protectedHeader.alg, 'ES256')
    assert.equal(id.payload.sub, town.ada.id)
    assert.equal(id.payload['nonce'], 'n-1')
    assert.equal(id.payload['name'], 'Ada Lovelace')
    assert.equal(id.payload['email'], 'ada@example.com')
    assert.equal(id.payload['phone_number'], undefined)
  })

  test('leaves an event that names client, resource and hashes, and nobody', async () => {
    world.face.events.length = 0
    const answer = await signIn(world, town)
    const [event] = world.face.events.filter(({ kind }) => kind === 'token.issued')
    assert.equal(event?.clientId, town.web.clientId)
    assert.equal(event?.resource, mcp)
    assert.match(event?.subjectHash ?? '', /^[\w-]{43}$/)
    assert.doesNotMatch(JSON.stringify(world.face.events), new RegExp(`${town.ada.id}|${tokenOf(answer).slice(0, 20)}`))
  })

  test('a person who has signed in and consented is asked nothing again', async () => {
    const browser = world.browser()
    await approve(browser, ask(town, town.web, { scope: 'read' }))
    const again = await browser.follow(ask(town, town.web, { scope: 'read' }).url)
    assert.equal(landed(again).params.get('error'), null)
    assert.ok(landed(again).params.get('code'))
    const silent = await browser.follow(ask(town, town.web, { scope: 'openid read', prompt: 'none' }).url)
    assert.equal(landed(silent).params.get('error'), 'consent_required')
  })

  test('another scope is asked for by itself, and what was granted stays', async () => {
    const browser = world.browser()
    await approve(browser, ask(town, town.web, { scope: 'read' }))
    const visit = await browser.follow(ask(town, town.web, { scope: 'read write' }).url)
    assert.equal(told(visit)['prompt'], 'consent')
    const answer = await signIn(world, town, { browser, params: { scope: 'read write' } })
    assert.equal(answer.body['scope'], 'read write')
  })

  test('a native client is consented to each time, unless whoever runs the pool vouches for it', async () => {
    const native = { clientType: 'MOBILE_APPLICATION', redirectUris: ['http://127.0.0.1:9999/callback'] } as const
    const client = await town.client(native)
    const browser = world.browser()
    await approve(browser, ask(town, client))
    const second = told(await browser.follow(ask(town, client).url))
    assert.equal(second['prompt'], 'consent')
    assert.equal((second['client'] as { loopbackOnly: boolean }).loopbackOnly, true)

    const trusted = await town.client({ ...native, skipConsentEnabled: true })
    const third = await browser.follow(ask(town, trusted).url)
    assert.ok(landed(third).params.get('code'))
  })

  test('two at once in one browser do not disturb each other', async () => {
    const browser = world.browser()
    const first = ask(town, town.web, { scope: 'read' })
    const second = ask(town, town.web, { scope: 'write' })
    const one = await browser.follow(first.url)
    const two = await browser.follow(second.url)
    assert.notEqual(one.url, two.url)
    const consented = await browser.follow(one.url, { as: 'ada' })
    const done = landed(await browser.follow(consented.url, { consent: 'yes' }))
    assert.equal(done.params.get('state'), first.state)
    const other = await browser.follow(two.url, { as: 'ada' })
    const end = other.location === undefined ? await browser.follow(other.url, { consent: 'yes' }) : other
    assert.equal(landed(end).params.get('state'), second.state)
  })

  test('somebody else signing in takes the place of who was signed in', async () => {
    const bob = await world.ground.directory.users.create(town.id, {
      preferredUsername: 'bob',
      password: 'Builder-1999',
      status: 'CONFIRMED',
    })
    const browser = world.browser()
    await approve(browser, ask(town, town.web))
    const visit = await browser.follow(ask(town, town.web, { prompt: 'login' }).url)
    assert.equal(told(visit)['userId'], town.ada.id)
    const consent = await browser.follow(visit.url, { as: 'bob' })
    assert.equal(told(consent)['userId'], bob.id)
    assert.ok(landed(await browser.follow(consent.url, { consent: 'yes' })).params.get('code'))
  })

  test('cookies are Lax, out of reach of scripts, and seen by the pool alone', async () => {
    const response = await world.get(ask(town, town.web).url)
    const cookies = response.headers.getSetCookie()
    assert.ok(cookies.length > 0)
    for (const cookie of cookies) {
      assert.match(cookie, /; path=\/pools\/town(\/|;)/)
      assert.match(cookie, /; samesite=lax/i)
      assert.match(cookie, /; httponly/i)
      assert.doesNotMatch(cookie, /; secure/i)
    }
  })
})

describe('scope', () => {
  for (const [what, params, scope] of [
    ['none', {}, 'read write'],
    ['offline_access alone', { scope: 'offline_access' }, 'read write'],
    ['offline_access beside others', { scope: 'read offline_access' }, 'read'],
    ['openid beside a named resource', { scope: 'openid', resource: mcp }, 'read write'],
    ['openid and offline_access, prompt=consent', { scope: 'openid offline_access read', prompt: 'consent' }, 'read'],
    ['one that another resource has', { scope: 'openid read list' }, 'read'],
    ['none, at the other resource', { resource: files }, 'list'],
  ] as const) {
    test(`${what}: the token has ${scope}`, async () => {
      const answer = await signIn(world, town, { params })
      assert.equal(answer.status, 200)
      assert.equal(answer.body['scope'], scope)
      assert.equal(claimsOf(answer)['scope'], scope)
      assert.equal(typeof answer.body['refresh_token'], 'string')
      assert.equal(
        typeof answer.body['id_token'],
        'scope' in params && params.scope.includes('openid') ? 'string' : 'undefined',
      )
    })
  }

  test('a resource without scopes is as good as any', async () => {
    const bare = 'https://bare.example/mcp'
    await world.ground.directory.resources.create(town.id, { identifier: bare })
    const answer = await signIn(world, town, { params: { resource: bare } })
    assert.equal(answer.status, 200)
    assert.equal('scope' in answer.body, false)
    assert.equal(claimsOf(answer)['aud'], bare)
    assert.equal(claimsOf(answer)['scope'], undefined)
  })

  test('openid alone, with no resource, is a plain sign-in: its token is for userinfo and nothing else', async () => {
    const answer = await signIn(world, town, { params: { scope: 'openid email' } })
    assert.equal(answer.body['scope'], 'openid email')
    const token = String(answer.body['access_token'])
    assert.equal(token.split('.').length, 1)
    const response = await world.get(`${town.issuer}/userinfo`, { authorization: `Bearer ${token}` })
    assert.deepEqual(await response.json(), { sub: town.ada.id, email: 'ada@example.com', email_verified: true })
  })

  test('a client gets no more than it was granted', async () => {
    const narrow = await town.client({ scopes: ['read'] })
    const answer = await signIn(world, town, { client: narrow })
    assert.equal(answer.body['scope'], 'read')
    const { params } = landed(await world.browser().follow(ask(town, narrow, { scope: 'read write' }).url))
    assert.equal(params.get('error'), 'invalid_scope')
    assert.equal(params.get('iss'), town.issuer)
  })
})

describe('resource', () => {
  for (const spelled of ['https://mcp.example/mcp/', 'HTTPS://MCP.Example/mcp', 'https://mcp.example:443/mcp']) {
    test(`${spelled} is the one registered, at authorization, token and refresh`, async () => {
      const params = { resource: spelled }
      const answer = await signIn(world, town, { params, redeem: { resource: spelled.replace('/mcp', '/mcp') } })
      assert.equal(claimsOf(answer)['aud'], mcp)
      const again = await world.post(town, '/token', town.web, {
        grant_type: 'refresh_token',
        refresh_token: String(answer.body['refresh_token']),
        resource: `${mcp}/`,
      })
      assert.equal(again.status, 200)
      assert.equal(claimsOf(again)['aud'], mcp)
    })
  }

  test('another spelling at the token endpoint than at authorization is the same resource', async () => {
    const answer = await signIn(world, town, { params: { resource: `${mcp}/` }, redeem: { resource: mcp } })
    assert.equal(claimsOf(answer)['aud'], mcp)
  })

  test('none is the default, also for people', async () => {
    assert.equal(claimsOf(await signIn(world, town))['aud'], mcp)
    const own = await town.client({ defaultResource: files })
    assert.equal(claimsOf(await signIn(world, town, { client: own }))['aud'], files)
  })
})

test('groups of a person are in access token, ID token and userinfo', async () => {
  const { directory } = world.ground
  const group = await directory.groups.create(town.id, { name: 'Engineers' })
  await directory.groups.addMember(town.id, group.id, town.ada.id)
  try {
    const answer = await signIn(world, town, { params: { scope: 'openid read' } })
    assert.deepEqual(claimsOf(answer)['groups'], ['Engineers'])
    assert.deepEqual(decode(String(answer.body['id_token'])).claims['groups'], ['Engineers'])
    const plain = await signIn(world, town, { params: { scope: 'openid' } })
    const authorization = `Bearer ${plain.body['access_token']}`
    const response = await world.get(`${town.issuer}/userinfo`, { authorization })
    assert.deepEqual(await response.json(), { sub: town.ada.id, groups: ['Engineers'] })
  } finally {
    await directory.groups.removeMember(town.id, group.id, town.ada.id)
  }
})

test('a pool that signs otherwise signs ID tokens so as well', async () => {
  for (const signingAlgorithm of ['EdDSA', 'RS256'] as const) {
    const other = await world.town(`signs-${signingAlgorithm.toLowerCase()}`, { signingAlgorithm })
    const answer = await signIn(world, other, { params: { scope: 'openid read' } })
    assert.equal(decode(String(answer.body['id_token'])).header['alg'], signingAlgorithm)
    assert.equal(decode(tokenOf(answer)).header['alg'], signingAlgorithm)
  }
})

test('where the public URL is https, cookies are for https alone', async () => {
  const secure = 'https://id.example'
  const face = await openFace(world.ground, true, { publicUrl: secure })
  try {
    const { pathname, search } = new URL(ask(town, town.web).url)
    const response = await fetch(`${face.url}${pathname}${search}`, { redirect: 'manual' })
    assert.ok(response.headers.get('location')?.startsWith(`${secure}/pools/town/sign-in/`))
    const cookies = response.headers.getSetCookie()
    assert.ok(cookies.length > 0)
    for (const cookie of cookies) assert.match(cookie, /; secure/i)
  } finally {
    await face.close()
  }
})
