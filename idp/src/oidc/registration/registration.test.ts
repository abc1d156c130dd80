import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { HotClient } from '../../directory/types.ts'
import { limits } from '../../limits.ts'
import { approve, ask, landed, openWorld, signIn, type TestClient, type Town, told, type World } from '../test-world.ts'
import { asRecord, decode, tokenOf } from '../token-request.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

const loopback = {
  client_name: 'Agent',
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'none',
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** A request to the registration endpoint, with a body as it is when it is text. */
async function register(town: Town, metadata: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const url = `${town.issuer}/reg`.replace('http://localhost:4700', world.face.url)
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
  })
  return { status: response.status, headers: response.headers, body: asRecord(await response.json()) }
}

function clientOf({ body }: Answer): TestClient {
  const { client_id: clientId, client_secret: clientSecret, redirect_uris: redirectUris } = body
  assert.ok(Array.isArray(redirectUris), JSON.stringify(body))
  return {
    clientId: String(clientId),
    redirectUris,
    ...(typeof clientSecret === 'string' ? { clientSecret } : {}),
  }
}

async function clientsIn(town: Town): Promise<number> {
  return (await world.ground.directory.clients.list(town.id, { limit: 100 })).items.length
}

async function refused(town: Town, metadata: unknown, error: string, says: RegExp): Promise<void> {
  const before = await clientsIn(town)
  const { status, headers, body } = await register(town, metadata)
  assert.deepEqual([status, body['error']], [400, error], JSON.stringify(metadata))
  assert.match(String(body['error_description']), says, JSON.stringify(metadata))
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(headers.get('access-control-allow-origin'), '*')
  assert.equal(await clientsIn(town), before)
}

/** Where the answer to a request with this redirect URI would go; undefined: it is refused. */
async function goesTo(town: Town, client: TestClient, redirectUri: string): Promise<boolean> {
  const { url } = ask(town, client, { redirect_uri: redirectUri })
  const visit = await world.browser().go(url)
  assert.equal(visit.location === undefined, visit.status === 400, visit.text)
  return visit.status !== 400
}

describe('a registration', () => {
  test('makes a client that signs a person in and refreshes, at any port of loopback', async () => {
    const town = await world.town('flow')
    const answer = await register(town, { ...loopback, scope: 'read' })
    assert.equal(answer.status, 201)
    const { client_id: clientId, client_id_issued_at: issuedAt, ...rest } = answer.body
    assert.match(String(clientId), /^[a-z0-9][a-z0-9-]{20,62}$/)
    assert.ok(Math.abs(Number(issuedAt) - Date.now() / 1000) < 60)
    assert.deepEqual(rest, {
      ...loopback,
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'read',
    })
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('pragma'), 'no-cache')
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')

    const client = { ...clientOf(answer), redirectUris: ['http://127.0.0.1:51234/callback'] }
    const tokens = await signIn(world, town, { client, params: { scope: 'read write' } })
    assert.equal(decode(tokenOf(tokens)).claims['client_id'], clientId)
    assert.equal(decode(tokenOf(tokens)).claims['scope'], 'read write', 'its scope is no bound: step-up asks for more')
    const { refresh_token: refreshToken } = tokens.body
    const again = await world.post(town, '/token', client, {
      grant_type: 'refresh_token',
      refresh_token: String(refreshToken),
    })
    assert.equal(again.status, 200)
  })

  test('stands in the list of clients, ends in a day, and in 90 once it was used', async () => {
    const town = await world.town('listed')
    const { directory } = world.ground
    const client = clientOf(await register(town, loopback))
    const stored = async () => await directory.clients.get(town.id, client.clientId)
    const day = 24 * 3600_000
    const near = (at: number | null, wanted: number) => Math.abs((at ?? 0) - Date.now() - wanted) < 60_000
    assert.equal((await stored()).registration, 'dynamic')
    assert.ok(near((await stored()).expiresAt, day))
    const visit = await world.browser().follow(ask(town, client).url)
    assert.equal(asRecord(told(visit)['client'])['known'], 'dynamic')
    assert.ok(near((await stored()).expiresAt, day), 'it is no use to begin')
    tokenOf(await signIn(world, town, { client }))
    assert.ok(near((await stored()).expiresAt, 90 * day))
  })

  test('that has ended is a client that is not known', async () => {
    const town = await world.town('ended')
    const client = clientOf(await register(town, { ...loopback, token_endpoint_auth_method: 'client_secret_post' }))
    const { db } = world.ground.store
    await db
      .updateTable('client')
      .set({ expires_at: Date.now() - 1 })
      .where('client_id', '=', client.clientId)
      .execute()
    const visit = await world.browser().go(ask(town, client).url)
    assert.equal(visit.status, 400)
    assert.equal(asRecord(JSON.parse(visit.text))['error'], 'invalid_client')
    const answer = await world.post(town, '/token', client, { grant_type: 'refresh_token', refresh_token: 'x' })
    assert.deepEqual([answer.status, answer.body['error']], [401, 'invalid_client'])
  })

  test('with a secret shows it once, and it counts', async () => {
    const town = await world.town('secrets')
    for (const method of ['client_secret_basic', 'client_secret_post', undefined]) {
      const answer = await register(town, {
        redirect_uris: ['https://app.example/callback'],
        ...(method === undefined ? {} : { token_endpoint_auth_method: method }),
      })
      assert.equal(answer.status, 201)
      const { body } = answer
      assert.equal(body['token_endpoint_auth_method'], method ?? 'client_secret_basic')
      assert.equal(body['application_type'], 'web')
      assert.equal(body['client_name'], 'Unnamed client')
      assert.equal(body['client_secret_expires_at'], 0)
      const client = clientOf(answer)
      assert.ok((client.clientSecret ?? '').length >= 32)
      tokenOf(await signIn(world, town, { client }))
      const wrong = { ...client, clientSecret: `${client.clientSecret}x` }
      assert.equal((await signIn(world, town, { client: wrong })).status, 401)
      const stored: HotClient | undefined = await world.ground.directory.findClient(town.id, client.clientId)
      assert.ok(!JSON.stringify(stored).includes(client.clientSecret ?? ''))
    }
  })
})

describe('what a client asks for', () => {
  test('VS Code: a web page, and any port here', async () => {
    const town = await world.town('vscode')
    const redirectUris = [
      'https://insiders.vscode.dev/redirect',
      'https://vscode.dev/redirect',
      'http://127.0.0.1/',
      'http://127.0.0.1:33418/',
      'http://localhost/',
    ]
    const answer = await register(town, {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      redirect_uris: redirectUris,
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    assert.deepEqual(answer.body['redirect_uris'], redirectUris)
    assert.equal(answer.body['application_type'], 'native')
    assert.equal(answer.body['client_uri'], 'https://code.visualstudio.com')
    assert.equal((answer.body['grant_types'] as string[]).length, 3)
    const client = clientOf(answer)
    for (const uri of [...redirectUris, 'http://127.0.0.1:60001/', 'http://localhost:60001/']) {
      assert.ok(await goesTo(town, client, uri), uri)
    }
    for (const uri of ['http://127.0.0.1:60001/x', 'https://vscode.dev:8443/redirect', 'http://[::1]:60001/']) {
      assert.ok(!(await goesTo(town, client, uri)), uri)
    }
  })

  test('Cursor: a scheme of its own, so no secret, whatever it says', async () => {
    const town = await world.town('cursor')
    const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback'
    const answer = await register(town, { client_name: 'Cursor', redirect_uris: [cursor, 'https://www.cursor.com/cb'] })
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    assert.equal(answer.body['token_endpoint_auth_method'], 'none')
    assert.equal(answer.body['client_secret'], undefined)
    const client = clientOf(answer)
    const { uri, params } = await approve(world.browser(), ask(town, client))
    // A scheme of one's own has no origin.
    assert.equal(uri, `null${new URL(cursor).pathname}`)
    assert.ok(params.get('code'))
    assert.ok(await goesTo(town, client, 'https://www.cursor.com/cb'))
    assert.ok(!(await goesTo(town, client, 'cursor://anysphere.cursor-mcp/oauth/callback2')))
  })

  test('redirects on this machine that the library has no name for', async () => {
    const town = await world.town('names')
    const redirectUris = [
      'https://localhost:8443/cb',
      'http://app.localhost/cb',
      'http://127.0.0.2/cb',
      'com.example:/cb',
    ]
    const client = clientOf(await register(town, { ...loopback, redirect_uris: redirectUris }))
    for (const uri of redirectUris) assert.ok(await goesTo(town, client, uri), uri)
    assert.ok(await goesTo(town, client, 'http://app.localhost:5000/cb'))
    assert.ok(!(await goesTo(town, client, 'https://localhost:8444/cb')))
  })

  test('grants and scopes that are not to be had are left out', async () => {
    const town = await world.town('filtered')
    const { status, body } = await register(town, {
      ...loopback,
      grant_types: ['implicit', 'authorization_code', 'client_credentials', 'password', 'refresh_token', 'urn:x:y'],
      response_types: ['token', 'code', 'id_token'],
      scope: 'openid read admin list offline_access',
      software_statement: 'x.y.z',
      contacts: ['a@example.com'],
      logo_uri: 'http://app.example/logo.png',
      client_uri: 'javascript:alert(1)',
      unknown: { deep: true },
    })
    assert.equal(status, 201, JSON.stringify(body))
    assert.deepEqual(body['grant_types'], ['authorization_code', 'refresh_token'])
    assert.deepEqual(body['response_types'], ['code'])
    assert.equal(body['scope'], 'openid read list offline_access')
    for (const left of ['software_statement', 'contacts', 'logo_uri', 'client_uri', 'unknown']) {
      assert.ok(!(left in body), left)
    }
  })

  test('nobody gets tokens without a person', async () => {
    const town = await world.town('machines')
    const metadata = {
      redirect_uris: ['https://app.example/cb'],
      grant_types: ['client_credentials', 'authorization_code'],
    }
    const client = clientOf(await register(town, metadata))
    const answer = await world.post(town, '/token', client, { grant_type: 'client_credentials' })
    assert.deepEqual([answer.status, answer.body['error']], [400, 'invalid_request'])
    assert.match(String(answer.body['error_description']), /grant type is not allowed for this client/)
    await refused(
      town,
      { ...metadata, grant_types: ['client_credentials'] },
      'invalid_client_metadata',
      /grant_types: none/,
    )
  })

  test('one that proves itself with a key gets no secret', async () => {
    const town = await world.town('keyed')
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] }
    const metadata = { redirect_uris: ['https://app.example/cb'], token_endpoint_auth_method: 'private_key_jwt' }
    const { status, body } = await register(town, { ...metadata, jwks })
    assert.equal(status, 201, JSON.stringify(body))
    assert.deepEqual(body['jwks'], jwks)
    assert.equal(body['client_secret'], undefined)
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
    await refused(town, { ...metadata, jwks: { keys: [weak] } }, 'invalid_client_metadata', /^jwks: use an RSA key/)
  })

  test('a device without a browser needs no redirect', async () => {
    const town = await world.town('device')
    const metadata = {
      client_name: 'TV',
      token_endpoint_auth_method: 'none',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'authorization_code', 'refresh_token'],
    }
    const answer = await register(town, metadata)
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    assert.deepEqual(answer.body['redirect_uris'], [])
    assert.deepEqual(answer.body['response_types'], [])
    const started = await world.post(town, '/device_authorization', clientOf(answer), {})
    assert.equal(started.status, 200, JSON.stringify(started.body))
    await town.change({ deviceFlowEnabled: false })
    await refused(town, metadata, 'invalid_redirect_uri', /redirect_uris: is required/)
  })

  test('a name is cleaned, and cut', async () => {
    const town = await world.town('named')
    const name = async (text: string) => (await register(town, { ...loopback, client_name: text })).body['client_name']
    assert.equal(await name('Claude\u202e edoC\u0000\n'), 'Claude edoC')
    assert.equal(String(await name('x'.repeat(5000))).length, 128)
    assert.equal(await name('<script>alert(1)</script>'), '<script>alert(1)</script>')
  })
})

test('a client of the management API redirects by the same rules', async () => {
  const town = await world.town('managed')
  const client = await town.client({
    clientType: 'MOBILE_APPLICATION',
    redirectUris: ['http://localhost/cb', 'com.example.app:/cb'],
  })
  assert.ok(await goesTo(town, client, 'http://localhost:40123/cb'))
  assert.ok(await goesTo(town, client, 'com.example.app:/cb'))
  assert.ok(!(await goesTo(town, client, 'http://127.0.0.1:40123/cb')))
  const { url } = ask(town, client, { redirect_uri: 'http://127.0.0.1:40123/cb' })
  const page = asRecord(JSON.parse((await world.browser().go(url)).text))
  assert.equal(page['error'], 'invalid_redirect_uri')
  assert.equal(page['sent'], 'http://127.0.0.1:40123/cb')
  assert.deepEqual(page['expected'], ['http://localhost/cb', 'com.example.app:/cb'])
  assert.match(String(page['mend']), /count as three hosts.*redirectUris/)
})

describe('what is refused', () => {
  let town: Town
  before(async () => {
    town = await world.town('refused')
  })

  test('redirects that lead elsewhere', async () => {
    const table: readonly (readonly [unknown, RegExp])[] = [
      [['http://evil.example/cb'], /^redirect_uris\[0\]: use https/],
      [['https://app.example/cb', 'http://10.0.0.1/cb'], /^redirect_uris\[1\]: use https/],
      [['https://app.example/cb#x'], /"#"/],
      [['https://*.example/cb'], /wildcards/],
      [['javascript:alert(1)'], /scheme/],
      [['data:text/html,x'], /scheme/],
      [['https://user:pw@app.example/cb'], /user name/],
      [['http://localhost@evil.example/cb'], /user name/],
      [['not a uri'], /absolute URI/],
      [[''], /absolute URI/],
      [[`https://app.example/${'x'.repeat(3000)}`], /at most 2048/],
      [Array.from({ length: 21 }, (_, at) => `https://app.example/${at}`), /more than 20/],
      [[5], /array of strings/],
      ['https://app.example/cb', /array of strings/],
      [{ 0: 'https://app.example/cb' }, /array of strings/],
      [[], /is required/],
      [undefined, /is required/],
      [null, /is required/],
    ]
    for (const [redirectUris, says] of table) {
      await refused(town, { ...loopback, redirect_uris: redirectUris }, 'invalid_redirect_uri', says)
    }
  })

  test('metadata that would make it another client', async () => {
    const keys = { keys: [{ kty: 'oct', k: 'AAAA' }] }
    const table: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ grant_types: ['implicit'] }, /grant_types: none/],
      [{ grant_types: ['refresh_token'] }, /grant_types: none/],
      [{ grant_types: 'authorization_code' }, /grant_types: must be an array/],
      [{ grant_types: Array.from({ length: 21 }, () => 'implicit') }, /more than 20/],
      [{ response_types: ['token'] }, /response_types: only code/],
      [{ token_endpoint_auth_method: 'client_secret_jwt' }, /token_endpoint_auth_method: is not supported/],
      [{ token_endpoint_auth_method: 'tls_client_auth' }, /is not supported/],
      [{ token_endpoint_auth_method: 5 }, /must be a string/],
      [{ token_endpoint_auth_method: 'private_key_jwt' }, /jwks: private_key_jwt needs/],
      [{ token_endpoint_auth_method: 'private_key_jwt', jwks: keys }, /^jwks/],
      [
        { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://127.0.0.1:1/jwks' },
        /jwks_uri: use an https/,
      ],
      [
        { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://a.example/k', redirect_uris: ['a.b:/c'] },
        /public/,
      ],
      [{ client_name: ['x'] }, /client_name: must be a string/],
      [{ scope: 'a  b' }, /scope: write/],
      [{ scope: 'a"b' }, /scope: write/],
      [{ post_logout_redirect_uris: ['http://evil.example'] }, /post_logout_redirect_uris\[0\]: use https/],
    ]
    for (const [more, says] of table) await refused(town, { ...loopback, ...more }, 'invalid_client_metadata', says)
  })

  test('what is not one small JSON object', async () => {
    for (const [body, says] of [
      ['{', /not JSON/],
      ['', /not JSON/],
      ['[]', /one JSON object/],
      ['null', /one JSON object/],
      ['"x"', /one JSON object/],
      ['{"redirect_uris":["https://a.example/"],"redirect_uris":["https://b.example/"]}', /twice/],
    ] as const) {
      await refused(town, body, 'invalid_client_metadata', says)
    }
    const before = await clientsIn(town)
    const large = await register(town, { ...loopback, padding: 'x'.repeat(limits.registrationBytes) })
    assert.deepEqual([large.status, large.body['error']], [413, 'invalid_client_metadata'])
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x']) {
      const answer = await register(town, loopback, { 'content-type': type })
      assert.equal(answer.status, 400)
      assert.match(String(answer.body['error_description']), /content-type application\/json/)
    }
    assert.equal(await clientsIn(town), before)
  })

  test('other methods', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await fetch(`${world.face.url}/pools/refused/reg`, { method })
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.get('allow'), 'POST, OPTIONS')
    }
  })

  test('more than 20 a minute from one address, in one pool', async () => {
    const busy = await world.town('busy')
    for (let count = 0; count < limits.registrationsPerMinute; count += 1) {
      await register(busy, { redirect_uris: ['http://evil.example/'] })
      assert.equal((await register(busy, loopback)).status, 201)
    }
    const before = await clientsIn(busy)
    const { status, headers, body } = await register(busy, loopback)
    assert.deepEqual([status, body['error']], [429, 'temporarily_unavailable'])
    const wait = Number(headers.get('retry-after'))
    assert.ok(wait > 0 && wait <= 60)
    assert.match(String(body['error_description']), new RegExp(`try again in ${wait} s`))
    assert.equal(await clientsIn(busy), before)
    assert.equal((await register(await world.town('calm'), loopback)).status, 201)
    const event = world.face.events.find(({ reason, poolId }) => reason === 'throttled' && poolId === 'busy')
    assert.deepEqual([event?.kind, event?.outcome, event?.status], ['admin.changed', 'refused', 429])
  })

  test('the 1,001st', async () => {
    const full = await world.town('full')
    const { clientId } = clientOf(await register(full, loopback))
    const { db } = world.ground.store
    const row = await db.selectFrom('client').selectAll().where('client_id', '=', clientId).executeTakeFirstOrThrow()
    const others = Array.from({ length: limits.dynamicClients - 1 }, (_, at) => ({ ...row, client_id: `other-${at}` }))
    for (let at = 0; at < others.length; at += 100) {
      await db
        .insertInto('client')
        .values(others.slice(at, at + 100))
        .execute()
    }
    const { status, headers, body } = await register(full, loopback)
    assert.deepEqual([status, body['error']], [503, 'temporarily_unavailable'])
    assert.match(String(body['error_description']), /ask who runs it/)
    assert.equal(headers.get('access-control-allow-origin'), '*')
  })
})

describe('where it is off', () => {
  async function assertOff(url: string): Promise<void> {
    const answer = await fetch(`${url}/reg`, { method: 'POST', body: JSON.stringify(loopback) })
    assert.equal(answer.status, 404)
    const document = asRecord(await (await fetch(`${url}/.well-known/openid-configuration`)).json())
    assert.ok(!('registration_endpoint' in document))
  }

  test('in a pool that says so, at once, while what is registered goes on', async () => {
    const town = await world.town('off')
    const url = `${world.face.url}/pools/off`
    const document = asRecord(await (await fetch(`${url}/.well-known/openid-configuration`)).json())
    assert.equal(document['registration_endpoint'], `${town.issuer}/reg`)
    const client = clientOf(await register(town, loopback))
    await town.change({ dynamicRegistrationEnabled: false })
    await assertOff(url)
    assert.ok(landed(await world.browser().follow(ask(town, client, { prompt: 'none' }).url)).params.get('error'))
    await town.change({ dynamicRegistrationEnabled: null })
    assert.equal((await register(town, loopback)).status, 201)
  })

  test('in production', async () => {
    const production = await openWorld({ mode: 'production' })
    await production.town('off')
    await assertOff(`${production.face.url}/pools/off`)
    await production.close()
  })
})
