import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ask, openWorld, type Town, type World } from './test-world.ts'

const origin = 'https://app.example'

let world: World
let town: Town
before(async () => {
  world = await openWorld()
  town = await world.town('town')
})
after(() => world.close())

const urlOf = (path: string, pool = 'town') => `${world.face.url}/pools/${pool}${path}`

function preflight(url: string, method: string): Promise<Response> {
  const headers = {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization, content-type, mcp-protocol-version',
  }
  return fetch(url, { method: 'OPTIONS', headers })
}

function assertOpen(answer: Response, from = origin): void {
  assert.equal(answer.headers.get('access-control-allow-origin'), from, answer.url)
  assert.equal(answer.headers.get('access-control-allow-credentials'), null)
  assert.match(answer.headers.get('vary') ?? '', /\bOrigin\b/i)
}

const endpoints: readonly (readonly [string, string])[] = [
  ['/.well-known/openid-configuration', 'GET'],
  ['/.well-known/oauth-authorization-server', 'GET'],
  ['/jwks', 'GET'],
  ['/reg', 'POST'],
  ['/token', 'POST'],
  ['/revoke', 'POST'],
  ['/introspect', 'POST'],
  ['/device_authorization', 'POST'],
  ['/userinfo', 'GET'],
]

describe('a script of any origin', () => {
  for (const [path, method] of endpoints) {
    test(`may ask ${path}, and read what it answers`, async () => {
      const asked = await preflight(urlOf(path), method)
      assert.equal(asked.status, 204)
      assertOpen(asked)
      assert.ok(asked.headers.get('access-control-allow-methods')?.split(', ').includes(method))
      const allowed = asked.headers.get('access-control-allow-headers')
      assert.equal(allowed, 'authorization, content-type, mcp-protocol-version')
      assert.equal(asked.headers.get('access-control-max-age'), '3600')
      const answer = await fetch(urlOf(path), { method, headers: { origin } })
      assertOpen(answer)
      assert.match(answer.headers.get('access-control-expose-headers') ?? '', /WWW-Authenticate/)
      assertOpen(await fetch(urlOf(path), { method }), '*')
    })

    test(`may read why ${path} refuses`, async () => {
      assertOpen(await fetch(urlOf(path), { method: 'DELETE', headers: { origin } }))
      const nowhere = await fetch(urlOf(path, 'none'), { method, headers: { origin } })
      assert.equal(nowhere.status, 404)
      assertOpen(nowhere)
    })
  }

  test('may discover by the forms that put the well-known path first', async () => {
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const url = `${world.face.url}/.well-known/${name}/pools/town`
      assert.equal((await preflight(url, 'GET')).status, 204)
      const answer = await fetch(url, { headers: { origin } })
      assert.equal(answer.status, 200)
      assertOpen(answer)
    }
  })

  test('reads the challenge of a refused client', async () => {
    const answer = await fetch(urlOf('/token'), {
      method: 'POST',
      headers: { origin, authorization: `Basic ${btoa('nobody:nothing')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    assert.equal(answer.status, 401)
    assert.ok(answer.headers.get('www-authenticate'))
    assertOpen(answer)
  })

  test('has no way to where people are', async () => {
    const { url } = ask(town, town.web)
    const local = url.replace('http://localhost:4700', world.face.url)
    for (const path of [
      local,
      urlOf('/auth'),
      urlOf('/end-session'),
      urlOf('/device'),
      urlOf('/sign-in/x'),
      urlOf('/no'),
    ]) {
      const answer = await fetch(path, { headers: { origin }, redirect: 'manual' })
      assert.equal(answer.headers.get('access-control-allow-origin'), null, path)
      const asked = await preflight(path, 'GET')
      assert.equal(asked.headers.get('access-control-allow-origin'), null, path)
      assert.notEqual(asked.status, 204)
    }
  })
})
