import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { createBrowser } from './test-browser.ts'
import { publicUrl } from './test-face.ts'
import {
  type Asked,
  approve,
  ask,
  callback,
  files,
  type Landed,
  landed,
  mcp,
  openWorld,
  signIn,
  type TestClient,
  type Town,
  told,
  type World,
} from './test-world.ts'
import type { Params, TokenAnswer } from './token-request.ts'

let world: World
let town: Town
let other: TestClient

before(async () => {
  world = await openWorld()
  town = await world.town('town')
  other = await town.client({ name: 'Other' })
})
after(() => world.close())

/** A code that waits to be redeemed. */
async function codeFor(client = town.web, params = {}): Promise<{ code: string; asked: Asked }> {
  const asked = ask(town, client, params)
  const { params: answer } = await approve(world.browser(), asked)
  return { code: answer.get('code') ?? '', asked }
}

function redeem(code: string, verifier: string, change: Params = {}, client = town.web): Promise<TokenAnswer> {
  return world.post(town, '/token', client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirectUris[0],
    code_verifier: verifier,
    ...change,
  })
}

function assertRefused(answer: TokenAnswer, error: string, status = 400): void {
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  assert.equal(answer.body['error'], error)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  for (const name of ['access_token', 'refresh_token', 'id_token']) assert.equal(name in answer.body, false)
}

/** Its access token is revoked, for everybody who follows. */
async function assertInactive(answer: TokenAnswer | undefined): Promise<void> {
  const { body } = await world.post(town, '/introspect', town.web, { token: String(answer?.body['access_token']) })
  assert.deepEqual(body, { active: false })
}

const lastRefusal = () => world.face.events.filter(({ kind }) => kind === 'token.refused').at(-1)

describe('at the authorization endpoint', () => {
  const loopback = { clientType: 'MOBILE_APPLICATION', redirectUris: ['http://127.0.0.1:8080/callback'] } as const

  for (const [what, uri] of [
    ['off by a character', `${callback}x`],
    ['with another path', 'https://app.example/callback/evil'],
    ['with a path that walks', 'https://app.example/callback/../evil'],
    ['with another port', 'https://app.example:8443/callback'],
    ['with another scheme', 'http://app.example/callback'],
    ['with a query', `${callback}?next=https://evil.example`],
    ['with a fragment', `${callback}#x`],
    ['with credentials', 'https://evil@app.example/callback'],
    ['of another host', 'https://app.example.evil.example/callback'],
    ['of another host that looks the same', 'https://app.exаmple/callback'],
    ['of no host', 'javascript:alert(1)'],
  ]) {
    test(`a redirect URI ${what} goes nowhere`, async () => {
      const response = await world.get(ask(town, town.web, { redirect_uri: uri }).url, { accept: 'application/json' })
      assert.equal(response.status, 400)
      assert.equal(response.headers.get('location'), null)
      assert.equal((await response.json()).error, 'invalid_redirect_uri')
      assert.deepEqual(response.headers.getSetCookie(), [])
    })
  }

  test('a loopback redirect URI has any port, and no other path', async () => {
    const native = await town.client(loopback)
    const right = await world.browser().go(ask(town, native, { redirect_uri: 'http://127.0.0.1:51234/callback' }).url)
    assert.equal(right.status, 303)
    const wrong = await world.browser().go(ask(town, native, { redirect_uri: 'http://127.0.0.1:51234/other' }).url)
    assert.equal(wrong.status, 400)
  })

  test('the error page says what was sent, what was expected and what to change', async () => {
    const { status, text, location } = await world
      .browser()
      .go(ask(town, town.web, { redirect_uri: `${callback}/` }).url)
    assert.equal(status, 400)
    assert.equal(location, undefined)
    const facts = told({ status: 200, text, url: '', headers: new Headers(), location })
    assert.equal(facts['error'], 'invalid_redirect_uri')
    assert.equal(facts['sent'], `${callback}/`)
    assert.deepEqual(facts['expected'], [callback])
    assert.match(String(facts['mend']), /differs.*redirectUris/)
  })

  for (const [what, params, error] of [
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with a challenge of no method', { code_challenge_method: undefined }, 'invalid_request'],
    ['with a challenge that is none', { code_challenge: 'short' }, 'invalid_request'],
    ['for a token', { response_type: 'token' }, 'unsupported_response_type'],
    ['for an ID token', { response_type: 'id_token', scope: 'openid', nonce: 'x' }, 'unsupported_response_type'],
    ['for code and token', { response_type: 'code token' }, 'unsupported_response_type'],
    ['for a scope that nobody has', { scope: 'read unknown' }, 'invalid_scope'],
    ['for a malformed scope', { scope: 'read "write"' }, 'invalid_scope'],
    ['for a resource that is unknown', { resource: 'https://x.example' }, 'invalid_target'],
    ['with a request object', { request: 'e30.e30.' }, 'request_not_supported'],
    ['with a request_uri', { request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
    ['with prompt=none', { prompt: 'none' }, 'login_required'],
    ['with prompt=none and more', { prompt: 'none login' }, 'invalid_request'],
  ] as const) {
    test(`a request ${what}: ${error}, with state and issuer`, async () => {
      const asked = ask(town, town.web, params)
      const { location = '' } = await world.browser().go(asked.url)
      const { origin, pathname, search, hash } = new URL(location)
      assert.equal(origin + pathname, callback)
      const answer = new URLSearchParams(search || hash.slice(1))
      assert.equal(answer.get('error'), error)
      assert.equal(answer.get('state'), asked.state)
      assert.equal(answer.get('iss'), town.issuer)
      assert.equal(answer.get('code'), null)
    })
  }

  test('two resources at once: invalid_target', async () => {
    const asked = ask(town, town.web)
    const { location } = await world.browser().go(`${asked.url}&resource=${mcp}&resource=${files}`)
    assert.equal(new URL(location ?? '').searchParams.get('error'), 'invalid_target')
  })

  test('a resource that is nearly one of the pool is shown beside it', async () => {
    const { params } = landed(
      await world.browser().go(ask(town, town.web, { resource: 'https://mcp.example/sse' }).url),
    )
    const description = params.get('error_description') ?? ''
    assert.match(description, /sent resource https:\/\/mcp\.example\/sse/)
    assert.match(description, /https:\/\/mcp\.example\/mcp/)
  })

  test('a resource that the client is not granted: invalid_target', async () => {
    const narrow = await town.client({ resources: [files] })
    const { params } = landed(await world.browser().go(ask(town, narrow, { resource: mcp }).url))
    assert.equal(params.get('error'), 'invalid_target')
  })

  test('a machine client has no code flow', async () => {
    const machine = await town.client({ clientType: 'MACHINE_TO_MACHINE', redirectUris: undefined })
    const visit = await world.browser().go(ask(town, { ...machine, redirectUris: [callback] }).url)
    assert.equal(visit.status, 400)
    assert.equal(visit.location, undefined)
  })

  test('a person who does not consent: access_denied, with state and issuer', async () => {
    const browser = world.browser()
    const asked = ask(town, town.web)
    const login = await browser.follow(asked.url)
    const consent = await browser.follow(login.url, { as: 'ada' })
    assertDenied(asked, landed(await browser.follow(consent.url, { deny: 'yes' })))
  })

  test('a person who goes back instead of signing in: access_denied as well', async () => {
    const browser = world.browser()
    const asked = ask(town, town.web)
    const login = await browser.follow(asked.url)
    assertDenied(asked, landed(await browser.follow(login.url, { cancel: 'yes' })))
  })

  function assertDenied(asked: Asked, { uri, params }: Landed): void {
    assert.equal(uri, callback)
    assert.equal(params.get('error'), 'access_denied')
    assert.equal(params.get('state'), asked.state)
    assert.equal(params.get('iss'), town.issuer)
    assert.equal(params.get('code'), null)
    assert.equal(lastRefusal()?.reason, 'access_denied')
  }
})

describe('an interaction', () => {
  test('is worth nothing to another browser', async () => {
    const mine = world.browser()
    const login = await mine.follow(ask(town, town.web).url)
    assert.equal((await world.browser().go(login.url)).status, 410)
    assert.equal((await world.browser().go(login.url, { as: 'ada' })).status, 410)
    assert.equal((await mine.go(login.url)).status, 200)
  })

  test('cannot be answered in the name of another one', async () => {
    const browser = world.browser()
    const one = await browser.follow(ask(town, town.web).url)
    const two = await browser.follow(ask(town, other).url)
    const cookies = browser.cookies(one.url)
    for (const [name, value] of Object.entries(cookies)) browser.put(name, value, new URL(two.url).pathname)
    assert.equal((await browser.go(two.url)).status, 410)
  })

  test('answers the request as it was made, whatever is added to the address of its page', async () => {
    const browser = world.browser()
    const asked = ask(town, town.web, { scope: 'read' })
    const more = '?state=tampered&redirect_uri=https://evil.example/&scope=write&client_id=other'
    const login = await browser.follow(asked.url)
    const consent = await browser.follow(login.url + more, { as: 'ada' })
    assert.deepEqual(told(consent)['scopes'], [{ name: 'read', description: 'Read things' }])
    const back = await browser.go(consent.url + more, { consent: 'yes' })
    const { uri, params } = landed(await browser.go(back.location + more))
    assert.equal(uri, callback)
    assert.equal(params.get('state'), asked.state)
  })

  test('cannot be consented to before anybody has signed in, nor signed in to twice', async () => {
    const browser = world.browser()
    const login = await browser.follow(ask(town, town.web).url)
    assert.equal((await browser.go(login.url, { consent: 'yes' })).status, 410)
    const consent = await browser.follow(login.url, { as: 'ada' })
    assert.equal((await browser.go(consent.url, { as: 'ada' })).status, 410)
    assert.equal((await browser.go(login.url, { as: 'ada' })).status, 410)
  })

  test('cannot be resumed by another browser, nor a second time', async () => {
    const browser = world.browser()
    const login = await browser.follow(ask(town, town.web).url)
    const { location = '' } = await browser.go(login.url, { as: 'ada' })
    assert.match(location, /\/auth\/[\w-]+$/)
    assert.equal((await world.browser().go(location)).status, 400)
    assert.equal((await browser.go(location)).status, 303)
    assert.equal((await browser.go(location)).status, 400)
  })

  test('ends when the page was tampered with: a cookie with a wrong signature is none', async () => {
    const browser = world.browser()
    const login = await browser.follow(ask(town, town.web).url)
    const { pathname } = new URL(login.url)
    browser.put('postern-town-interaction.sig', 'wrong', pathname)
    assert.equal((await browser.go(login.url)).status, 410)
  })
})

describe('at the token endpoint a code', () => {
  test('replayed is refused, and what came of its first use dies', async () => {
    const { code, asked } = await codeFor()
    const first = await redeem(code, asked.verifier)
    assert.equal(first.status, 200)
    assertRefused(await redeem(code, asked.verifier), 'invalid_grant')
    assert.equal(lastRefusal()?.reason, 'invalid_grant')
    const refresh = { grant_type: 'refresh_token', refresh_token: String(first.body['refresh_token']) }
    assertRefused(await world.post(town, '/token', town.web, refresh), 'invalid_grant')
    await assertInactive(first)
  })

  test('sent many times at once is good once, and then nothing of it is left', async () => {
    const { code, asked } = await codeFor()
    const answers = await Promise.all(Array.from({ length: 6 }, () => redeem(code, asked.verifier)))
    const good = answers.filter(({ status }) => status === 200)
    assert.equal(good.length, 1)
    const refresh = { grant_type: 'refresh_token', refresh_token: String(good[0]?.body['refresh_token']) }
    assertRefused(await world.post(town, '/token', town.web, refresh), 'invalid_grant')
    await assertInactive(good[0])
  })

  test('of one client is no good to another', async () => {
    const { code, asked } = await codeFor()
    assertRefused(await redeem(code, asked.verifier, {}, other), 'invalid_grant')
    assert.equal((await redeem(code, asked.verifier)).status, 200)
  })

  for (const [what, change] of [
    ['with another verifier', { code_verifier: 'x'.repeat(43) }],
    ['without a verifier', { code_verifier: undefined }],
    ['with the challenge as verifier', 'challenge'],
    ['with another redirect URI', { redirect_uri: 'https://app.example/other' }],
    ['altered', { code: 'x'.repeat(43) }],
  ] as const) {
    test(`${what} is refused, and stays good for who has it right`, async () => {
      const { code, asked } = await codeFor()
      const challenge = createHash('sha256').update(asked.verifier).digest('base64url')
      const wrong = change === 'challenge' ? { code_verifier: challenge } : change
      assertRefused(await redeem(code, asked.verifier, wrong), 'invalid_grant')
      assert.equal((await redeem(code, asked.verifier)).status, 200)
    })
  }

  test('without its redirect URI is refused', async () => {
    const second = await town.client({ redirectUris: [callback, 'https://app.example/second'] })
    const { code, asked } = await codeFor(second)
    assertRefused(await redeem(code, asked.verifier, { redirect_uri: undefined }, second), 'invalid_request')
  })

  test('without the secret, or with a wrong one, is refused', async () => {
    const { code, asked } = await codeFor()
    const nobody = { ...town.web, clientSecret: undefined }
    assertRefused(await redeem(code, asked.verifier, {}, nobody), 'invalid_client', 401)
    const wrong = { ...town.web, clientSecret: 'x'.repeat(43) }
    assertRefused(await redeem(code, asked.verifier, {}, wrong), 'invalid_client', 401)
  })

  test('for another resource is refused with both beside each other', async () => {
    const { code, asked } = await codeFor(town.web, { resource: mcp })
    const answer = await redeem(code, asked.verifier, { resource: 'https://mcp.example/other/' })
    assertRefused(answer, 'invalid_target')
    assert.equal(
      answer.body['error_description'],
      `the client sent resource https://mcp.example/other/, and the resource of this grant is ${mcp}; send that one, or none`,
    )
  })

  test('for a text that is no resource at all is refused without repeating it', async () => {
    const { code, asked } = await codeFor()
    const answer = await redeem(code, asked.verifier, { resource: 'https://x.example/"\\\n<script>' })
    assertRefused(answer, 'invalid_target')
    assert.doesNotMatch(String(answer.body['error_description']), /script/)
  })

  test('for two resources is refused', async () => {
    const { code, asked } = await codeFor()
    assertRefused(await redeem(code, asked.verifier, { resource: [mcp, files] }), 'invalid_target')
  })
})

test('there is no implicit and no password grant', async () => {
  const params = { grant_type: 'password', username: 'ada', password: 'Analytical-1843' }
  assertRefused(await world.post(town, '/token', town.web, params), 'unsupported_grant_type')
  assertRefused(await world.post(town, '/token', town.web, { grant_type: 'implicit' }), 'unsupported_grant_type')
})

describe('between pools', () => {
  let far: Town
  before(async () => {
    far = await world.town('far')
  })

  test('signing in at B leaves A signed in, and B knows nothing of A', async () => {
    const browser = world.browser()
    await approve(browser, ask(town, town.web))
    const atB = await browser.follow(ask(far, far.web).url)
    assert.equal(told(atB)['prompt'], 'login')
    await approve(browser, ask(far, far.web))
    const again = await browser.follow(ask(town, town.web, { prompt: 'none' }).url)
    assert.ok(landed(again).params.get('code'))
  })

  test('the cookies of A, called and sent as those of B, are worth nothing', async () => {
    const browser = world.browser()
    await approve(browser, ask(town, town.web))
    const thief = createBrowser(publicUrl, world.face.url)
    for (const [name, value] of Object.entries(browser.cookies(`${town.issuer}/auth`))) {
      thief.put(name, value, '/pools/far')
      thief.put(name.replace('postern-town', 'postern-far'), value, '/pools/far')
    }
    const visit = await thief.follow(ask(far, far.web).url)
    assert.equal(told(visit)['prompt'], 'login')
    assert.equal(told(visit)['userId'], undefined)
  })

  test('an interaction of A is none at B', async () => {
    const browser = world.browser()
    const login = await browser.follow(ask(town, town.web).url)
    const there = login.url.replace('/pools/town/', '/pools/far/')
    for (const [name, value] of Object.entries(browser.cookies(login.url))) {
      browser.put(name.replace('postern-town', 'postern-far'), value, '/pools/far')
    }
    assert.equal((await browser.go(there)).status, 410)
  })

  test('a code, a refresh token and a userinfo token of A are worth nothing at B', async () => {
    const { code, asked } = await codeFor()
    const same = await far.client({ clientId: town.web.clientId, clientType: 'SINGLE_PAGE_APPLICATION' })
    const redeemed = await world.post(far, '/token', same, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback,
      code_verifier: asked.verifier,
    })
    assertRefused(redeemed, 'invalid_grant')
    const { body } = await signIn(world, town, { params: { scope: 'openid' } })
    const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
    assertRefused(await world.post(far, '/token', same, refresh), 'invalid_grant')
    const authorization = `Bearer ${body['access_token']}`
    const response = await world.get(`${far.issuer}/userinfo`, { authorization })
    assert.equal(response.status, 401)
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer .*error="invalid_token"/)
    const event = world.face.events.filter(({ kind }) => kind === 'access.refused').at(-1)
    assert.equal(event?.reason, 'inactive')
    assert.equal(event?.poolId, 'far')
  })
})
