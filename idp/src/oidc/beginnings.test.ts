import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { limits } from '../limits.ts'
import type { Browser, Visit } from './test-browser.ts'
import { approve, ask, landed, openWorld, type TestClient, type Town, told, type World } from './test-world.ts'

const minute = 60_000
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const clock = createTestClock(Date.now())
let world: World
let town: Town

/** Begins as many sign-ins as an address may, each without a cookie. */
async function fill(): Promise<void> {
  const { url } = ask(town, town.web)
  const statuses = new Set<number>()
  for (let begun = 0; begun < limits.beginningsPerMinute; begun += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.get(url)))
    for (const { status } of answers) statuses.add(status)
    await Promise.all(answers.map((answer) => answer.arrayBuffer()))
  }
  assert.deepEqual([...statuses], [303])
}

async function rows(): Promise<number> {
  const { db } = world.ground.store
  return (await db.selectFrom('oidc_model').select('id').where('pool_id', '=', town.id).execute()).length
}

const formPaths = ['/device', '/end-session'] as const

// Anybody can have rows made by a link: what one address could have made was bounded by nothing but its patience.
describe('an address that has begun too many sign-ins', () => {
  let known: Browser
  let halfWay: Browser
  let login: Visit
  let television: TestClient
  let server: TestClient

  before(async () => {
    world = await openWorld({ clock })
    town = await world.town('busy')
    const device = { redirectUris: undefined, grantTypes: [deviceGrant] } as const
    television = await town.client({ clientType: 'MOBILE_APPLICATION', ...device })
    server = await town.client(device)
    known = world.browser()
    await approve(known, ask(town, town.web, { scope: 'openid' }))
    halfWay = world.browser()
    login = await halfWay.follow(ask(town, town.web).url)
    clock.advance(minute)
    await fill()
  })
  after(() => world.close())

  test('is told 429 and how long to wait; no row is made, and no client hears of it', async () => {
    const before = await rows()
    const answer = await world.get(ask(town, town.web).url)
    assert.equal(answer.status, 429)
    assert.equal(answer.headers.get('retry-after'), '60')
    assert.equal(answer.headers.get('location'), null)
    assert.deepEqual(answer.headers.getSetCookie(), [])
    assert.deepEqual(await answer.json(), {
      error: 'temporarily_unavailable',
      error_description: 'too many sign-ins were begun from this address; try again in 60 s',
    })
    for (const path of formPaths) {
      const form = await world.get(town.issuer + path)
      assert.deepEqual([form.status, form.headers.get('retry-after')], [429, '60'], path)
      assert.deepEqual(form.headers.getSetCookie(), [])
      assert.equal((await form.json()).error, 'temporarily_unavailable')
    }
    const device = await world.post(town, '/device_authorization', television, {})
    assert.deepEqual([device.status, device.headers.get('retry-after')], [429, '60'])
    assert.equal(device.body['error'], 'temporarily_unavailable')
    assert.equal(await rows(), before)
    const refusals = world.face.events.filter(({ kind }) => kind === 'token.refused')
    assert.deepEqual(
      refusals.map(({ reason, status, poolId }) => [reason, status, poolId]),
      Array.from({ length: 4 }, () => ['throttled', 429, town.id]),
    )
  })

  test('is told so on a page where a browser asks', async () => {
    for (const url of [ask(town, town.web).url, ...formPaths.map((path) => town.issuer + path)]) {
      const answer = await world.get(url, { accept: 'text/html,*/*;q=0.8' })
      assert.equal(answer.status, 429)
      assert.match(answer.headers.get('content-type') ?? '', /^text\/html/)
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      assert.equal(answer.headers.get('retry-after'), '60')
      const { error, description } = JSON.parse(await answer.text())
      assert.equal(error, 'temporarily_unavailable')
      assert.match(description, /too many sign-ins .* try again in 60 s/)
    }
  })

  test('stops nobody who is signed in, half-way, authenticated, in another pool, or approved without a row', async () => {
    const silent = landed(await known.follow(ask(town, town.web, { scope: 'openid' }).url))
    assert.ok(silent.params.get('code'))
    assert.equal((await known.go(`${town.issuer}/end-session`)).status, 200)
    const consent = await halfWay.follow(login.url, { as: 'ada' })
    assert.equal(told(consent)['prompt'], 'consent')
    assert.equal((await world.post(town, '/device_authorization', server, {})).status, 200)
    const other = await world.town('quiet')
    assert.equal((await world.get(ask(other, other.web).url)).status, 303)
    await town.change({ unattendedUser: 'ada' })
    const answer = await world.get(ask(town, town.web).url)
    assert.ok(new URL(answer.headers.get('location') ?? '').searchParams.get('code'))
    await town.change({ unattendedUser: null })
  })

  test('may go on when the minute is over', async () => {
    clock.advance(minute - 1)
    assert.equal((await world.get(ask(town, town.web).url)).headers.get('retry-after'), '1')
    clock.advance(1)
    assert.equal((await world.get(ask(town, town.web).url)).status, 303)
  })
})
