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

function query(params: Record<string, string>): URLSearchParams {
  return new URLSearchParams({
    client_id: web.clientId,
    response_type: 'code',
    redirect_uri: redirect,
    scope: 'openid',
    state: 'my-state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...params,
  })
}

function authorize(params: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${pool.issuer}/auth?${query(params)}`, { redirect: 'manual', headers })
}

const cookiesOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ')

/** What a browser says that it wants. */
const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('a browser that comes with a request', () => {
  test('is sent to sign in, on a page below the issuer', async () => {
    const response = await authorize({}, browser)
    assert.equal(response.status, 303)
    const page = await fetch(response.headers.get('location') ?? '', {
      headers: { ...browser, cookie: cookiesOf(response) },
    })
    assert.ok(page.url.startsWith(`${pool.issuer}/sign-in/`))
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    assert.equal(page.headers.get('cache-control'), 'no-store')
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.doesNotMatch(await page.text(), /<script/)
  })

  test('is sent nowhere for a redirect URI that is not registered, or a client that is unknown', async () => {
    for (const params of [{ redirect_uri: 'https://evil.example/callback' }, { client_id: 'nobody' }]) {
      const response = await authorize(params, { accept: 'application/json' })
      assert.equal(response.status, 400)
      assert.equal(response.headers.get('location'), null)
      assert.equal(response.headers.get('cache-control'), 'no-store')
      assert.deepEqual(Object.keys(await response.json()), ['error', 'error_description'])
    }
  })

  test('gets a page which shows text as text and runs nothing', async () => {
    const response = await authorize({ client_id: '<script>alert(1)</script>' }, browser)
    assert.equal(response.status, 400)
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    const page = await response.text()
    assert.match(page, /&lt;script&gt;/)
    assert.doesNotMatch(page, /<script/)
  })

  test('with a session cookie of its own making is not signed in', async () => {
    const headers = { cookie: `postern-${pool.id}-session=made-up; postern-${pool.id}-session.sig=made-up` }
    const location = new URL((await authorize({ prompt: 'none' }, headers)).headers.get('location') ?? '')
    assert.equal(location.searchParams.get('error'), 'login_required')
  })

  test('with a form instead of a link is sent on with the same request', async () => {
    const asked = await fetch(`${pool.issuer}/auth`, { method: 'POST', body: query({}), redirect: 'manual' })
    assert.equal(asked.status, 303)
    assert.equal(asked.headers.get('location'), `${pool.issuer}/auth?${query({})}`)
    const out = await fetch(`${pool.issuer}/end-session`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: web.clientId }),
      redirect: 'manual',
    })
    assert.equal(out.headers.get('location'), `${pool.issuer}/end-session?client_id=${web.clientId}`)
  })

  for (const [what, body, status] of [
    ['that is no form', '{}', 400],
    ['that is too long', new URLSearchParams({ state: 'x'.repeat(9000) }), 413],
    ['that says a thing twice', new URLSearchParams('state=a&state=b'), 400],
  ] as const) {
    test(`with a form ${what} is refused`, async () => {
      const response = await fetch(`${pool.issuer}/auth`, { method: 'POST', body, redirect: 'manual' })
      assert.equal(response.status, status)
      assert.equal(response.headers.get('location'), null)
      assert.equal((await response.json()).error, 'invalid_request')
    })
  }

  test('a refusal leaves an event', async () => {
    await authorize({ scope: 'unknown-scope' })
    const [event] = await eventsOf(idp)
    assert.equal(event?.['reason'], 'invalid_scope')
    assert.equal(event?.['clientId'], web.clientId)
    assert.equal(event?.['status'], 303)
  })
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
    assert.match(response.headers.get('location') ?? '', /\/sign-in\//)
  }
})
