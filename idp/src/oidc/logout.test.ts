import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from './test-browser.ts'
import { publicUrl } from './test-face.ts'
import { ask, landed, openWorld, signIn, type TestClient, type Town, told, type World } from './test-world.ts'

const goodbye = 'https://app.example/goodbye'

let world: World
let town: Town
let app: TestClient

before(async () => {
  world = await openWorld()
  town = await world.town('town')
  app = await town.client({ postLogoutRedirectUris: [goodbye] })
})
after(() => world.close())

async function signedIn(): Promise<{ browser: Browser; idToken: string; refreshToken: string }> {
  const browser = world.browser()
  const { body } = await signIn(world, town, { client: app, browser, params: { scope: 'openid read' } })
  return { browser, idToken: String(body['id_token']), refreshToken: String(body['refresh_token']) }
}

const endSession = (params: Readonly<Record<string, string>>) =>
  `${town.issuer}/end-session?${new URLSearchParams(params)}`

async function isSignedIn(browser: Browser): Promise<boolean> {
  const { params } = landed(await browser.follow(ask(town, app, { scope: 'openid read', prompt: 'none' }).url))
  return params.get('code') !== null
}

describe('signing out', () => {
  test('asks, ends the session and goes where the client is registered to go', async () => {
    const { browser, idToken, refreshToken } = await signedIn()
    assert.equal(await isSignedIn(browser), true)
    const params = { id_token_hint: idToken, post_logout_redirect_uri: goodbye, state: 's-1' }
    const form = told(await browser.go(endSession(params)))
    assert.equal((form['client'] as { clientId: string }).clientId, app.clientId)
    assert.equal(form['returnsToClient'], true)
    assert.equal(await isSignedIn(browser), true)
    const asked = told(await browser.go(endSession(params)))
    const visit = await browser.follow(String(asked['action']), { xsrf: String(asked['xsrf']), logout: 'yes' })
    assert.equal(visit.location, `${goodbye}?state=s-1`)
    assert.equal(await isSignedIn(browser), false)
    // Programs of the person are not the browser.
    const refresh = { grant_type: 'refresh_token', refresh_token: refreshToken }
    assert.equal((await world.post(town, '/token', app, refresh)).status, 200)
  })

  test('without a redirect ends on a page of ours', async () => {
    const { browser } = await signedIn()
    const form = told(await browser.go(endSession({})))
    const visit = await browser.follow(String(form['action']), { xsrf: String(form['xsrf']), logout: 'yes' })
    assert.equal(visit.status, 200)
    assert.equal(new URL(visit.url).pathname, '/pools/town/end-session/success')
    assert.equal(await isSignedIn(browser), false)
  })

  test('where nobody is signed in goes on at once, and runs no script', async () => {
    const params = { client_id: app.clientId, post_logout_redirect_uri: goodbye, state: 's 2' }
    const visit = await world.browser().go(endSession(params))
    assert.equal(visit.status, 303)
    assert.equal(visit.location, `${goodbye}?state=s+2`)
    assert.doesNotMatch(visit.text, /script/)
    const bare = await world.browser().go(endSession({}))
    assert.equal(new URL(bare.location ?? '').pathname, '/pools/town/end-session/success')
  })

  test('is no when the person says no', async () => {
    const { browser } = await signedIn()
    const form = told(await browser.go(endSession({})))
    await browser.follow(String(form['action']), { xsrf: String(form['xsrf']) })
    assert.equal(await isSignedIn(browser), true)
  })
})

describe('refused', () => {
  for (const [what, uri] of [
    ['one that is not registered', 'https://evil.example/'],
    ['one that is off by a character', `${goodbye}/`],
    ['a redirect URI for codes', 'https://app.example/callback'],
  ] as const) {
    test(`a redirect to ${what}`, async () => {
      const { browser, idToken } = await signedIn()
      const visit = await browser.go(endSession({ id_token_hint: idToken, post_logout_redirect_uri: uri }))
      assert.equal(visit.status, 400)
      assert.equal(visit.location, undefined)
      assert.equal(await isSignedIn(browser), true)
    })
  }

  test('a redirect for no client goes nowhere', async () => {
    const visit = await world.browser().go(endSession({ post_logout_redirect_uri: goodbye }))
    assert.equal(new URL(visit.location ?? '').pathname, '/pools/town/end-session/success')
  })

  test('a hint that nobody here has signed', async () => {
    const { idToken } = await signedIn()
    for (const hint of ['x', `${idToken.slice(0, -4)}AAAA`]) {
      const visit = await world.browser().go(endSession({ id_token_hint: hint, post_logout_redirect_uri: goodbye }))
      assert.equal(visit.status, 400)
      assert.equal(visit.location, undefined)
    }
  })

  // A page of another site cannot know the token; where the browser says whose form it is, that counts by itself.
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: publicUrl },
  ]) {
    test(`a form from ${JSON.stringify(headers)}, though its token be right`, async () => {
      const { browser } = await signedIn()
      const form = told(await browser.go(endSession({})))
      const fields = { xsrf: String(form['xsrf']), logout: 'yes' }
      for (const accept of ['*/*', 'text/html']) {
        const answer = await browser.send(String(form['action']), fields, { ...headers, accept })
        assert.equal(answer.status, 403)
        assert.equal(answer.location, undefined)
        assert.equal(answer.headers.get('connection'), 'close')
        assert.deepEqual(answer.headers.getSetCookie(), [])
        const body = JSON.parse(answer.text)
        assert.equal(body.error, 'access_denied')
        assert.equal(body.error_description ?? body.description, 'the form was sent by another site')
      }
      assert.equal(await isSignedIn(browser), true)
      const again = told(await browser.go(endSession({})))
      assert.equal(
        (await browser.follow(String(again['action']), { ...fields, xsrf: String(again['xsrf']) })).status,
        200,
      )
      assert.equal(await isSignedIn(browser), false)
    })
  }

  test('a form without its token', async () => {
    const { browser } = await signedIn()
    await browser.go(endSession({}))
    for (const xsrf of ['', 'x'.repeat(48)]) {
      assert.equal((await browser.go(`${town.issuer}/end-session/confirm`, { xsrf, logout: 'yes' })).status, 400)
    }
    assert.equal(await isSignedIn(browser), true)
  })
})
