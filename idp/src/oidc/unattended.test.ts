import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createBrowser } from './test-browser.ts'
import { openFace, publicUrl } from './test-face.ts'
import { approve, ask, callback, landed, mcp, openWorld, type Town, told, type World } from './test-world.ts'
import { decode, tokenOf } from './token-request.ts'

let world: World
let town: Town

before(async () => {
  world = await openWorld()
  town = await world.town('town')
})
after(() => world.close())

describe('a client that approves by itself', () => {
  test('ends at the callback with code and state by one redirect, without cookies', async () => {
    const client = await town.client({ unattendedUser: 'ada' })
    const asked = ask(town, client, { scope: 'openid read' })
    world.face.events.length = 0
    const response = await world.get(asked.url)
    assert.equal(response.status, 303)
    assert.deepEqual(response.headers.getSetCookie(), [])
    const location = new URL(response.headers.get('location') ?? '')
    assert.equal(location.origin + location.pathname, callback)
    assert.equal(location.searchParams.get('state'), asked.state)
    assert.equal(location.searchParams.get('iss'), town.issuer)

    const loud = world.face.events.find(({ reason }) => reason === 'setting_loosened')
    assert.equal(loud?.kind, 'admin.changed')
    assert.equal(loud?.clientId, client.clientId)

    const answer = await world.post(town, '/token', client, {
      grant_type: 'authorization_code',
      code: location.searchParams.get('code') ?? '',
      redirect_uri: callback,
      code_verifier: asked.verifier,
    })
    const { claims } = decode(tokenOf(answer))
    assert.equal(claims['sub'], town.ada.id)
    assert.equal(claims['aud'], mcp)
    assert.equal(claims['scope'], 'read')
    const refresh = { grant_type: 'refresh_token', refresh_token: String(answer.body['refresh_token']) }
    assert.equal((await world.post(town, '/token', client, refresh)).status, 200)
  })

  for (const prompt of ['none', 'login', 'consent']) {
    test(`asks nobody for prompt=${prompt} either`, async () => {
      const client = await town.client({ unattendedUser: town.ada.id })
      const response = await world.get(ask(town, client, { prompt }).url)
      assert.match(response.headers.get('location') ?? '', /[?&]code=/)
    })
  }

  test('leaves alone who is signed in here, and lets nobody in who is not', async () => {
    const client = await town.client({ unattendedUser: 'ada' })
    const bob = { preferredUsername: 'bob', password: 'Builder-1999', status: 'CONFIRMED' } as const
    await world.ground.directory.users.create(town.id, bob)
    const browser = world.browser()
    await approve(browser, ask(town, town.web), 'bob')
    const before = browser.cookies(`${town.issuer}/auth`)
    await browser.go(ask(town, client).url)
    assert.deepEqual(browser.cookies(`${town.issuer}/auth`), before)
    const fresh = world.browser()
    await fresh.go(ask(town, client).url)
    assert.equal(told(await fresh.follow(ask(town, town.web).url))['prompt'], 'login')
  })

  test('checks what is asked as always', async () => {
    const client = await town.client({ unattendedUser: 'ada' })
    const wrong = await world.get(ask(town, client, { redirect_uri: 'https://evil.example/' }).url)
    assert.equal(wrong.status, 400)
    for (const [params, error] of [
      [{ scope: 'unknown' }, 'invalid_scope'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
    ] as const) {
      const { location } = await world.browser().go(ask(town, client, params).url)
      assert.equal(new URL(location ?? '').searchParams.get('error'), error)
    }
  })

  test('asks when its user is disabled', async () => {
    const eve = { preferredUsername: 'eve', password: 'Apple-0000-x', status: 'CONFIRMED' } as const
    const { id } = await world.ground.directory.users.create(town.id, eve)
    const client = await town.client({ unattendedUser: 'eve' })
    await world.ground.directory.users.update(town.id, id, { status: 'DISABLED' })
    assert.equal(told(await world.browser().follow(ask(town, client).url))['prompt'], 'login')
  })
})

test('a whole pool may approve by itself', async () => {
  const open = await world.town('open')
  await open.change({ unattendedUser: 'ada' })
  const { params } = landed(await world.browser().go(ask(open, open.web).url))
  assert.ok(params.get('code'))
  await open.change({ unattendedUser: null })
  assert.equal(told(await world.browser().follow(ask(open, open.web).url))['prompt'], 'login')
})

test('in production nothing is approved by itself, whatever the database says', async () => {
  const bold = await world.town('bold')
  await bold.change({ unattendedUser: 'ada' })
  const production = await openFace(world.ground, true, { mode: 'production' })
  try {
    const browser = createBrowser(publicUrl, production.url)
    assert.equal(told(await browser.follow(ask(bold, bold.web).url))['prompt'], 'login')
    const silent = landed(await browser.follow(ask(bold, bold.web, { prompt: 'none' }).url))
    assert.equal(silent.params.get('error'), 'login_required')
    assert.equal(
      production.events.some(({ reason }) => reason === 'setting_loosened'),
      false,
    )
  } finally {
    await production.close()
  }
})
