import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { SignJWT } from 'jose'
import { approve, ask, landed, openWorld, signIn, type TestClient, type Town, told, type World } from '../test-world.ts'
import { asRecord, decode, tokenOf } from '../token-request.ts'

const claudeCode = {
  client_id: 'https://claude.ai/oauth/claude-code-client-metadata',
  client_name: 'Claude Code',
  client_uri: 'https://claude.ai',
  redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}
const vsCode = {
  client_id: 'https://vscode.dev/oauth/client-metadata.json',
  client_name: 'Visual Studio Code',
  client_uri: 'https://code.visualstudio.com',
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
  redirect_uris: ['http://127.0.0.1:33418/', 'https://vscode.dev/redirect'],
  token_endpoint_auth_method: 'none',
}
const inspector = {
  client_id: 'https://inspector.example/client.json',
  client_name: 'MCP Inspector',
  redirect_uris: ['http://localhost:6274/oauth/callback', 'http://localhost:6274/oauth/callback/debug'],
}

const json = { 'content-type': 'application/json' }

/** What the hosts of the world answer. */
const hosted = new Map<string, Response | Record<string, unknown>>()
const fetched: string[] = []

async function answer(input: string | URL | Request): Promise<Response> {
  const url = input instanceof Request ? input.url : String(input)
  fetched.push(url)
  const found = hosted.get(url)
  if (found instanceof Response) return found.clone()
  if (found === undefined) return new Response('not found', { status: 404 })
  return new Response(JSON.stringify(found), { headers: json })
}

let now = 0
/** The clock of the machine, and what the tests have moved it by. */
const clock = { now: () => Date.now() + now }
let world: World
let town: Town
let towns = 0
before(async () => {
  world = await openWorld({ fetch: answer, clock })
})
after(() => world.close())
beforeEach(async () => {
  hosted.clear()
  fetched.length = 0
  towns += 1
  town = await world.town(`town-${towns}`)
})

const clientOf = (document: { readonly client_id: string }, redirectUri: string): TestClient => ({
  clientId: document.client_id,
  redirectUris: [redirectUri],
})

/** A document at a URL of its own: what was fetched is kept, in all tests. */
let names = 0
function fresh<T extends object>(more: T = {} as T) {
  names += 1
  const url = `https://app-${names}.example/client.json`
  return { client_id: url, client_name: 'App', redirect_uris: ['https://app.example/cb'], ...more }
}

/** An assertion of the client (RFC 7523 §2.2), good once. */
async function assertionOf(clientId: string, privateKey: KeyObject) {
  const assertion = new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(town.issuer)
    .setExpirationTime('1m')
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion.sign(privateKey),
  }
}

/** The error page of a request by this client. */
async function errorPage(clientId: string, redirectUri = 'https://app.example/cb'): Promise<Record<string, unknown>> {
  const client = { clientId, redirectUris: [redirectUri] }
  const { status, location, text } = await world.browser().follow(ask(town, client).url)
  assert.equal(status, 400, location ?? text)
  return asRecord(JSON.parse(text))
}

describe('a client with a document', () => {
  for (const [document, redirectUri] of [
    [claudeCode, 'http://localhost:55611/callback'],
    [claudeCode, 'http://127.0.0.1:1/callback'],
    [vsCode, 'http://127.0.0.1:33418/'],
    [vsCode, 'http://127.0.0.1:60123/'],
    [vsCode, 'https://vscode.dev/redirect'],
    [inspector, 'http://localhost:6274/oauth/callback'],
  ] as const) {
    test(`${document.client_name} signs a person in, back to ${redirectUri}`, async () => {
      hosted.set(document.client_id, document)
      const client = clientOf(document, redirectUri)
      const tokens = await signIn(world, town, { client })
      assert.equal(decode(tokenOf(tokens)).claims['client_id'], document.client_id)
      const again = await world.post(town, '/token', client, {
        grant_type: 'refresh_token',
        refresh_token: String(tokens.body['refresh_token']),
      })
      assert.equal(again.status, 200, JSON.stringify(again.body))
      assert.ok(fetched.length <= 1, 'it was fetched more than once')
    })
  }

  test('is shown as what it is', async () => {
    hosted.set(claudeCode.client_id, claudeCode)
    const visit = await world.browser().follow(ask(town, clientOf(claudeCode, 'http://localhost:7777/callback')).url)
    assert.deepEqual(told(visit)['client'], {
      clientId: claudeCode.client_id,
      name: 'Claude Code',
      known: 'metadata_document',
      documentUrl: claudeCode.client_id,
      redirectUri: 'http://localhost:7777/callback',
      redirectHost: 'localhost:7777',
      loopbackOnly: true,
      clientUri: 'https://claude.ai',
    })
    assert.equal((await world.ground.directory.clients.list(town.id, { limit: 10 })).items.length, 1)
  })

  test('may be a device', async () => {
    hosted.set(vsCode.client_id, vsCode)
    const client = clientOf(vsCode, 'https://vscode.dev/redirect')
    const { status, body } = await world.post(town, '/device_authorization', client, {})
    assert.equal(status, 200, JSON.stringify(body))
    assert.ok(body['user_code'])
  })

  test('is asked about once by a browser that stays signed in, though its document be fetched again', async () => {
    const web = fresh()
    hosted.set(web.client_id, new Response(JSON.stringify(web), { headers: { ...json, 'cache-control': 'no-store' } }))
    const client = clientOf(web, 'https://app.example/cb')
    const browser = world.browser()
    assert.ok((await approve(browser, ask(town, client))).params.get('code'))
    now += 10 * 60_000
    fetched.length = 0
    const visit = await browser.follow(ask(town, client, { prompt: 'none' }).url)
    assert.ok(landed(visit).params.get('code'), visit.location)
    assert.deepEqual(fetched, [web.client_id])
  })

  test('proves itself with a key', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const keyed = fresh({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] },
    })
    hosted.set(keyed.client_id, keyed)
    const client = clientOf(keyed, 'https://app.example/cb')
    const proof = () => assertionOf(keyed.client_id, privateKey)
    tokenOf(await signIn(world, town, { client, redeem: await proof() }))
    const without = await signIn(world, town, { client })
    assert.deepEqual([without.status, without.body['error']], [401, 'invalid_client'])
    const machine = await world.post(town, '/token', client, { grant_type: 'client_credentials', ...(await proof()) })
    assert.equal(machine.status, 400)
    assert.equal(machine.body['access_token'], undefined)
  })

  test('has its keys fetched from the public internet alone, though a registered client may have them here', async () => {
    const keyed = fresh({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://127.0.0.1:1/jwks' })
    hosted.set(keyed.client_id, keyed)
    hosted.set('https://127.0.0.1:1/jwks', { keys: [] })
    const client = clientOf(keyed, 'https://app.example/cb')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const refused = await signIn(world, town, { client, redeem: await assertionOf(client.clientId, privateKey) })
    assert.deepEqual([refused.status, refused.body['error']], [401, 'invalid_client'])
    assert.ok(!fetched.includes('https://127.0.0.1:1/jwks'))

    const own = await town.client({ tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: 'https://127.0.0.1:1/jwks' })
    await signIn(world, town, { client: own, redeem: await assertionOf(own.clientId, privateKey) })
    assert.ok(fetched.includes('https://127.0.0.1:1/jwks'))
  })

  test('asks for no more than a person can grant', async () => {
    const greedy = fresh({ grant_types: ['implicit', 'authorization_code', 'client_credentials'], scope: 'admin read' })
    hosted.set(greedy.client_id, greedy)
    const client = clientOf(greedy, 'https://app.example/cb')
    const asked = ask(town, client, { scope: 'read' })
    assert.ok((await approve(world.browser(), asked)).params.get('code'))
  })
})

describe('a document that is refused', () => {
  test('because of what it says', async () => {
    const url = 'https://other.example/client.json'
    const table: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ client_id: url }, /not the URL/],
      [{ client_secret: 'secret' }, /client_secret/],
      [{ token_endpoint_auth_method: 'client_secret_post' }, /shared secret/],
      [{ client_name: undefined }, /client_name is missing/],
      [{ redirect_uris: undefined }, /redirect_uris is missing/],
      [{ redirect_uris: ['http://evil.example/cb'] }, /redirect_uris\[0\]: use https/],
      [{ redirect_uris: ['https://app.example/cb', 'javascript:alert(1)'] }, /redirect_uris\[1\]: /],
      [{ grant_types: ['client_credentials'] }, /grant_types: none/],
      [{ response_types: ['token'] }, /only code/],
      [{ token_endpoint_auth_method: 'private_key_jwt' }, /jwks: /],
    ]
    for (const [more, says] of table) {
      const good = fresh()
      hosted.set(good.client_id, { ...good, ...more })
      const page = await errorPage(good.client_id)
      assert.equal(page['error'], 'invalid_client')
      assert.match(String(page['description']), says)
      assert.equal(page['sent'], good.client_id)
      assert.match(String(page['mend']), /correct the document/)
    }
  })

  test('because of how it is answered', async () => {
    const good = fresh()
    const table: readonly (readonly [Response, RegExp])[] = [
      [new Response(null, { status: 302, headers: { location: good.client_id } }), /redirect/],
      [new Response('x'.repeat(6 * 1024 * 1024), { headers: json }), /larger than 65536/],
      [new Response('<html>', { headers: json }), /not JSON/],
      [new Response('{}', { headers: { 'content-type': 'text/html' } }), /not JSON/],
      [new Response('{}', { status: 500, headers: json }), /status 500/],
      [new Response('{}', { status: 404 }), /status 404/],
    ]
    for (const [response, says] of table) {
      const { client_id: url } = fresh()
      hosted.set(url, response)
      assert.match(String((await errorPage(url))['description']), says)
    }
  })

  test('because of where it is', async () => {
    for (const [url, says] of [
      ['https://169.254.169.254/latest/meta-data', /public internet/],
      ['https://10.1.2.3/client.json', /public internet/],
      ['https://[::1]/client.json', /POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS/],
      ['http://localhost:3000/client.json', /POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS/],
      ['http://app.example/client.json', /use https/],
      ['https://app.example/', /path/],
      ['https://app.example/a/../client.json', /normal form/],
      ['https://app.example/client.json#x', /"#"/],
      ['https://user:pw@app.example/client.json', /user name/],
    ] as const) {
      hosted.set(url, { ...fresh(), client_id: url })
      assert.match(String((await errorPage(url))['description']), says, url)
    }
    assert.deepEqual(fetched, [])
  })

  test('leaves an event with its reason, at the token endpoint as well', async () => {
    const { client_id: gone } = fresh()
    await errorPage(gone)
    const bad = fresh()
    hosted.set(bad.client_id, { ...bad, client_secret: 'x' })
    const client = clientOf(bad, 'https://app.example/cb')
    const answered = await world.post(town, '/token', client, { grant_type: 'refresh_token', refresh_token: 'x' })
    assert.deepEqual([answered.status, answered.body['error']], [400, 'invalid_client'])
    assert.match(String(answered.body['error_description']), /client_secret/)
    const reasons = world.face.events.filter(({ poolId }) => poolId === town.id).map(({ reason }) => reason)
    assert.deepEqual(reasons.filter((reason) => reason.startsWith('client_document')).sort(), [
      'client_document_invalid',
      'client_document_unavailable',
    ])
  })

  test('and a redirect URI that it does not list: the page says what is listed', async () => {
    hosted.set(claudeCode.client_id, claudeCode)
    const page = await errorPage(claudeCode.client_id, 'http://localhost:5555/other')
    assert.equal(page['error'], 'invalid_redirect_uri')
    assert.equal(page['sent'], 'http://localhost:5555/other')
    assert.deepEqual(page['expected'], claudeCode.redirect_uris)
    assert.match(String(page['mend']), /The path differs\. .*document/)
  })
})

describe('which client it is', () => {
  test('a pool may take none with documents, and says so', async () => {
    const supported = async () => {
      const url = `${town.issuer}/.well-known/oauth-authorization-server`
      return asRecord(await (await world.get(url)).json())['client_id_metadata_document_supported']
    }
    hosted.set(claudeCode.client_id, claudeCode)
    assert.equal(await supported(), true)
    await town.change({ clientIdMetadataDocumentsEnabled: false })
    assert.equal(await supported(), undefined)
    fetched.length = 0
    const page = await errorPage(claudeCode.client_id, 'http://localhost:1/callback')
    assert.equal(page['error'], 'invalid_client')
    assert.deepEqual(fetched, [])
    tokenOf(await signIn(world, town))
  })

  test('nothing is fetched for a client that is registered', async () => {
    tokenOf(await signIn(world, town))
    assert.deepEqual(fetched, [])
  })

  test('documents on this machine need the switch, which is told', async () => {
    const loose = await openWorld({ fetch: answer, allowLoopbackClientDocuments: true })
    assert.equal(loose.face.events[0]?.reason, 'setting_loosened')
    const local = { ...fresh(), client_id: 'http://localhost:3000/client.json' }
    hosted.set(local.client_id, local)
    const inside = await loose.town('inside')
    tokenOf(await signIn(loose, inside, { client: clientOf(local, 'https://app.example/cb') }))
    await loose.close()
  })
})
