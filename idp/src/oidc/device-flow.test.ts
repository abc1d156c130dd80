// Moves this process's time: a file of its own.
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { moveTime, restoreTime } from '@postern/core/testing'
import { limits } from '../limits.ts'
import type { Browser, Visit } from './test-browser.ts'
import { files, mcp, openWorld, type TestClient, type Town, told, type World } from './test-world.ts'
import { decode, type Params, type TokenAnswer, tokenOf } from './token-request.ts'

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

let world: World
let town: Town
let tv: TestClient

before(async () => {
  world = await openWorld()
  town = await world.town('town')
  tv = await town.client({
    name: 'Television',
    clientType: 'MOBILE_APPLICATION',
    tokenEndpointAuthMethod: 'none',
    redirectUris: undefined,
    grantTypes: [deviceGrant, 'refresh_token'],
  })
})
afterEach(restoreTime)
after(() => world.close())

const begin = (params: Params = {}, client = tv) => world.post(town, '/device_authorization', client, params)

const poll = ({ body }: TokenAnswer, params: Params = {}, client = tv) =>
  world.post(town, '/token', client, { grant_type: deviceGrant, device_code: String(body['device_code']), ...params })

/** Types the code, and says yes to the device; returns what comes then. */
async function enter(browser: Browser, started: TokenAnswer): Promise<Visit> {
  const form = told(await browser.go(`${town.issuer}/device`))
  const typed = { xsrf: String(form['xsrf']), user_code: String(started.body['user_code']) }
  const confirm = told(await browser.go(String(form['action']), typed))
  assert.equal(confirm['userCode'], started.body['user_code'])
  return await browser.follow(String(confirm['action']), { ...typed, xsrf: String(confirm['xsrf']), confirm: 'yes' })
}

async function approve(browser: Browser, started: TokenAnswer): Promise<Visit> {
  let visit = await enter(browser, started)
  while (told(visit)['prompt'] !== undefined) {
    visit = await browser.follow(visit.url, told(visit)['prompt'] === 'login' ? { as: 'ada' } : { consent: 'yes' })
  }
  return visit
}

function assertRefused(answer: TokenAnswer, error: string): void {
  assert.equal(answer.status, 400, JSON.stringify(answer.body))
  assert.equal(answer.body['error'], error)
  assert.equal('access_token' in answer.body, false)
}

describe('the device flow', () => {
  test('shows a code, waits for the person, and gives tokens for the resource', async () => {
    const started = await begin({ scope: 'openid read', resource: `${mcp}/` })
    assert.equal(started.status, 200)
    assert.match(String(started.body['user_code']), /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    assert.equal(started.body['verification_uri'], `${town.issuer}/device`)
    assert.equal(started.body['expires_in'], 600)
    assert.equal(started.body['interval'], 5)
    world.face.events.length = 0
    assertRefused(await poll(started), 'authorization_pending')
    assert.deepEqual(world.face.events, [])

    const done = told(await approve(world.browser(), started))
    assert.equal((done['client'] as { name: string }).name, 'Television')
    const answer = await poll(started, { resource: mcp })
    const { claims } = decode(tokenOf(answer))
    assert.equal(claims['sub'], town.ada.id)
    assert.equal(claims['aud'], mcp)
    assert.equal(claims['scope'], 'read')
    assert.equal(typeof answer.body['id_token'], 'string')

    const refresh = { grant_type: 'refresh_token', refresh_token: String(answer.body['refresh_token']) }
    assert.equal((await world.post(town, '/token', tv, refresh)).status, 200)
    assertRefused(await poll(started), 'invalid_grant')
  })

  test('takes the default resource and all scopes where none are named', async () => {
    const started = await begin()
    await approve(world.browser(), started)
    const { claims } = decode(tokenOf(await poll(started)))
    assert.equal(claims['aud'], mcp)
    assert.equal(claims['scope'], 'read write')
  })

  test('the link with the code in it fills in the form, which the person still sends', async () => {
    const started = await begin()
    const visit = await world.browser().go(String(started.body['verification_uri_complete']))
    const form = told(visit)
    assert.equal(form['userCode'], started.body['user_code'])
    assert.equal('problem' in form, false)
    assert.doesNotMatch(visit.text, /<script/)
  })

  test('looking at the form keeps a session of nobody as long as a sign-in may take, not for weeks', async () => {
    const { db } = world.ground.store
    await db.deleteFrom('oidc_model').where('model', '=', 'Session').execute()
    await world.browser().go(`${town.issuer}/device`)
    const [row] = await db.selectFrom('oidc_model').selectAll().where('model', '=', 'Session').execute()
    assert.equal(row?.account, null)
    const seconds = ((row?.expires_at ?? 0) - Date.now()) / 1000
    assert.ok(seconds > limits.interactionTtl - 60 && seconds <= limits.interactionTtl, String(seconds))
  })

  test('a code may be typed in small letters, and without the dash', async () => {
    const started = await begin()
    const browser = world.browser()
    const form = told(await browser.go(`${town.issuer}/device`))
    const code = String(started.body['user_code']).toLowerCase().replace('-', '')
    const confirm = told(await browser.go(String(form['action']), { xsrf: String(form['xsrf']), user_code: code }))
    assert.equal(confirm['userCode'], started.body['user_code'])
  })
})

describe('refused', () => {
  test('a person who says no: access_denied', async () => {
    const started = await begin()
    const browser = world.browser()
    const form = told(await browser.go(`${town.issuer}/device`))
    const fields = { xsrf: String(form['xsrf']), user_code: String(started.body['user_code']) }
    const denied = told(await browser.go(String(form['action']), { ...fields, abort: 'yes' }))
    assert.equal(denied['problem'], 'denied')
    assertRefused(await poll(started), 'access_denied')
  })

  // A page of another site cannot know the token; where the browser says whose form it is, that counts by itself.
  test('a form of another site, though its token and its code be right', async () => {
    const started = await begin()
    const browser = world.browser()
    await approve(browser, await begin())
    const form = told(await browser.go(`${town.issuer}/device`))
    const typed = { xsrf: String(form['xsrf']), user_code: String(started.body['user_code']) }
    const confirm = told(await browser.go(String(form['action']), typed))
    const fields = { ...typed, xsrf: String(confirm['xsrf']), confirm: 'yes' }
    const rows: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'none' },
    ]
    for (const headers of rows) {
      const answer = await browser.send(String(confirm['action']), fields, headers)
      assert.equal(answer.status, 403, JSON.stringify(headers))
      assert.equal(answer.headers.get('connection'), 'close')
      assert.equal(JSON.parse(answer.text).error, 'access_denied')
      assertRefused(await poll(started), 'authorization_pending')
    }
    // The person has consented before, so that this form alone stands between the device and its tokens.
    told(await browser.follow(String(confirm['action']), fields))
    tokenOf(await poll(started))
  })

  test('a person who says no at consent: access_denied', async () => {
    const started = await begin()
    const browser = world.browser()
    const login = await enter(browser, started)
    const consent = await browser.follow(login.url, { as: 'ada' })
    const end = told(await browser.follow(consent.url, { deny: 'yes' }))
    assert.equal(end['problem'], 'denied')
    assertRefused(await poll(started), 'access_denied')
  })

  for (const [what, code, problem] of [
    ['no code', '', 'missing'],
    ['a code that nobody was shown', 'BBBB-BBBB', 'unknown'],
  ] as const) {
    test(`${what}: ${problem}`, async () => {
      const browser = world.browser()
      const form = told(await browser.go(`${town.issuer}/device`))
      const fields = { xsrf: String(form['xsrf']), user_code: code }
      assert.equal(told(await browser.go(String(form['action']), fields))['problem'], problem)
    })
  }

  test('whoever tries codes has to wait, and nobody in another pool with them', async () => {
    const guessed = await world.town('guessed')
    const browser = world.browser()
    const start = told(await browser.go(`${guessed.issuer}/device`))
    const action = String(start['action'])
    let xsrf = String(start['xsrf'])
    const guess = async () => {
      const visit = await browser.go(action, { xsrf, user_code: 'BBBB-BBBB' })
      if (visit.status === 200) xsrf = String(told(visit)['xsrf'])
      return visit
    }
    for (let tries = 0; tries < 5; tries += 1) assert.equal(told(await guess())['problem'], 'unknown')
    const refused = await guess()
    assert.equal(refused.status, 429)
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.match(refused.text, /slow_down/)
    moveTime(1001)
    assert.equal((await guess()).status, 200)
    assert.equal((await guess()).status, 429)
    const elsewhere = world.browser()
    const other = told(await elsewhere.go(`${town.issuer}/device`))
    const fields = { xsrf: String(other['xsrf']), user_code: 'BBBB-BBBB' }
    assert.equal(told(await elsewhere.go(String(other['action']), fields))['problem'], 'unknown')
  })

  test('a code that was used, and one that is too old', async () => {
    const started = await begin()
    const browser = world.browser()
    await approve(browser, started)
    const type = async () => {
      const form = told(await browser.go(`${town.issuer}/device`))
      const fields = { xsrf: String(form['xsrf']), user_code: String(started.body['user_code']) }
      return told(await browser.go(String(form['action']), fields))['problem']
    }
    assert.equal(await type(), 'used')
    moveTime(601_000)
    assert.equal(await type(), 'expired')
    assertRefused(await poll(started), 'expired_token')
  })

  test('a form without its token, or with that of another browser', async () => {
    const started = await begin()
    const browser = world.browser()
    await browser.go(`${town.issuer}/device`)
    const stranger = told(await world.browser().go(`${town.issuer}/device`))
    for (const xsrf of ['', String(stranger['xsrf'])]) {
      const fields = { xsrf, user_code: String(started.body['user_code']), confirm: 'yes' }
      const answer = await browser.go(`${town.issuer}/device`, fields)
      assert.equal(answer.status, 400)
      assert.match(answer.text, /"problem":"failed"/)
    }
    assertRefused(await poll(started), 'authorization_pending')
  })

  test('a device code of another client', async () => {
    const other = await town.client({
      clientType: 'MOBILE_APPLICATION',
      tokenEndpointAuthMethod: 'none',
      redirectUris: undefined,
      grantTypes: [deviceGrant],
    })
    const started = await begin()
    await approve(world.browser(), started)
    assertRefused(await poll(started, {}, other), 'invalid_grant')
    assert.equal((await poll(started)).status, 200)
  })

  test('another resource than the one that was approved', async () => {
    const started = await begin({ resource: mcp })
    await approve(world.browser(), started)
    assertRefused(await poll(started, { resource: files }), 'invalid_target')
  })

  test('a client without the grant, an unknown resource, a scope that nobody has', async () => {
    assertRefused(await begin({}, town.web), 'invalid_request')
    assertRefused(await begin({ resource: 'https://x.example/' }), 'invalid_target')
    assertRefused(await begin({ scope: 'read unknown' }), 'invalid_scope')
  })

  test('wrong secrets, which make their sender wait as at the token endpoint', async () => {
    const wrong = { ...town.web, clientSecret: 'x'.repeat(43) }
    const statuses: number[] = []
    for (let tries = 0; tries < 6; tries += 1) statuses.push((await begin({}, wrong)).status)
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429])
  })

  test('grant_type=client_credentials, which is of the token endpoint', async () => {
    const machine = await town.client({ clientType: 'MACHINE_TO_MACHINE', redirectUris: undefined })
    assertRefused(await begin({ grant_type: 'client_credentials' }, machine), 'invalid_request')
  })

  test('in a pool where it is off: nothing of it answers or is advertised', async () => {
    const off = await world.town('off', { deviceFlowEnabled: false })
    assert.equal((await world.get(`${off.issuer}/device`)).status, 404)
    assert.equal((await world.post(off, '/device_authorization', off.web, {})).status, 404)
    const document = await (await world.get(`${off.issuer}/.well-known/openid-configuration`)).json()
    assert.equal(document.device_authorization_endpoint, undefined)
    assert.deepEqual(document.grant_types_supported.includes(deviceGrant), false)
    await off.change({ deviceFlowEnabled: true })
    assert.equal((await world.get(`${off.issuer}/device`)).status, 200)
  })
})
