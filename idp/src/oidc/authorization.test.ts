import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Idp, startIdp, type TestClient, type TestPool } from '../testing/index.ts'
import { eventsOf, requestToken } from './token-request.ts'

const redirect = 'https://app.example/callback'

let idp: Idp
let pool: TestPool
let web: TestClient

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({ name: 'people', resources: [{ identifier: 'https://mcp.example/mcp' }] })
  web = await pool.createClient({ name: 'web', clientType: 'WEB_APPLICATION', redirectUris: [redirect] })
})
after(() => idp.close())

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

function authorize(params: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  const query = new URLSearchParams({
    client_id: web.clientId,
    response_type: 'code',
    redirect_uri: redirect,
    scope: 'openid',
    state: 'my-state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...params,
  })
  return fetch(`${pool.issuer}/auth?${query}`, { redirect: 'manual', headers })
}

describe('while nobody can sign in', () => {
  test('a right request is refused at its redirect URI, with state and issuer', async () => {
    const response = await authorize({})
    assert.equal(response.status, 303)
    const location = new URL(response.headers.get('location') ?? '')
    assert.equal(location.origin + location.pathname, redirect)
    assert.equal(location.searchParams.get('error'), 'access_denied')
    assert.match(location.searchParams.get('error_description') ?? '', /no sign-in pages/)
    assert.equal(location.searchParams.get('state'), 'my-state')
    assert.equal(location.searchParams.get('iss'), pool.issuer)
    assert.equal(location.searchParams.get('code'), null)
    assert.equal(response.headers.get('set-cookie'), null)
    const [event] = await eventsOf(idp)
    assert.equal(event?.['reason'], 'access_denied')
    assert.equal(event?.['clientId'], web.clientId)
    assert.equal(event?.['status'], 303)
  })

  test('prompt=none is answered with login_required', async () => {
    const location = new URL((await authorize({ prompt: 'none' })).headers.get('location') ?? '')
    assert.equal(location.searchParams.get('error'), 'login_required')
  })

  for (const [what, params, error] of [
    ['without PKCE', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
    ['with a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['for a token', { response_type: 'token' }, 'unsupported_response_type'],
    ['for a resource that is unknown', { resource: 'https://x.example' }, 'invalid_target'],
  ] as const) {
    test(`a request ${what}: ${error}`, async () => {
      const response = await authorize(params)
      const location = new URL(response.headers.get('location') ?? '')
      const answer = new URLSearchParams(location.search || location.hash.slice(1))
      assert.equal(answer.get('error'), error)
    })
  }

  for (const [what, params] of [
    ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/callback' }],
    ['an unknown client', { client_id: 'nobody' }],
  ] as const) {
    test(`${what} is sent nowhere`, async () => {
      const response = await authorize(params, { accept: 'application/json' })
      assert.equal(response.status, 400)
      assert.equal(response.headers.get('location'), null)
      assert.equal(response.headers.get('cache-control'), 'no-store')
      assert.deepEqual(Object.keys(await response.json()), ['error', 'error_description'])
    })
  }

  test('a machine client has no code flow', async () => {
    const machine = await pool.createClient({ name: 'machine' })
    const response = await authorize({ client_id: machine.clientId }, { accept: 'application/json' })
    assert.equal(response.status, 400)
    assert.equal(response.headers.get('location'), null)
  })

  test('a browser gets a page which shows text as text and runs nothing', async () => {
    const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
    const response = await authorize({ client_id: '<script>alert(1)</script>' }, headers)
    assert.equal(response.status, 400)
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    const page = await response.text()
    assert.match(page, /This request cannot be answered/)
    assert.doesNotMatch(page, /<script/)
  })

  test('a session cookie of somebody’s own making makes no session', async () => {
    const response = await authorize({}, { cookie: `postern-${pool.id}-session=made-up` })
    assert.equal(response.headers.get('set-cookie'), null)
  })

  test('a code that nobody issued is no grant', async () => {
    const params = {
      grant_type: 'authorization_code',
      code: 'x',
      redirect_uri: redirect,
      code_verifier: 'y'.repeat(43),
    }
    const { status, body } = await requestToken(pool, web, params)
    assert.equal(status, 400)
    assert.equal(body['error'], 'invalid_grant')
  })
})

test('clients of every type can be looked up', async () => {
  const types = [
    { clientType: 'SINGLE_PAGE_APPLICATION', redirectUris: ['https://spa.example/', 'http://localhost:3000/callback'] },
    { clientType: 'MOBILE_APPLICATION', redirectUris: ['com.example.app:/callback'] },
    { clientType: 'WEB_APPLICATION', redirectUris: ['http://127.0.0.1:8080/callback'] },
  ] as const
  for (const { clientType, redirectUris } of types) {
    const client = await pool.createClient({ name: clientType, clientType, redirectUris: [...redirectUris] })
    const response = await authorize({ client_id: client.clientId, redirect_uri: redirectUris[0] })
    assert.equal(response.status, 303)
    assert.match(response.headers.get('location') ?? '', /error=access_denied/)
  }
})
