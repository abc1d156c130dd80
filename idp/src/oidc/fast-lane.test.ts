import assert from 'node:assert/strict'
import { parse } from 'node:querystring'
import { after, before, describe, test } from 'node:test'
import { type EventInput, systemClock } from '@postern/core'
import type { ClientInput, SigningAlgorithm } from '../directory/types.ts'
import { poolUrls } from '../directory/urls.ts'
import { createClients } from './clients.ts'
import { createFastLane } from './fast-lane.ts'
import { createOpenPools } from './open-pools.ts'
import { type Face, type Ground, openFace, openGround, publicUrl } from './test-face.ts'
import { asRecord, basicOf, decode, formOf, type Params } from './token-request.ts'

// The lane of our own against oidc-provider: two faces over one directory, which differ in nothing but `fastLane`.

const mcp = 'https://mcp.example/mcp'
const files = 'https://files.example/api'
const clientSecret = 'a-secret-that-is-long-enough_0123456789'

let ground: Ground
let library: Face
let lane: Face

before(async () => {
  ground = await openGround()
  await fillPool('es256', 'ES256')
  await fillPool('eddsa', 'EdDSA')
  await fillPool('rs256', 'RS256')
  library = await openFace(ground, false)
  lane = await openFace(ground, true)
})
after(async () => {
  await library.close()
  await lane.close()
  await ground.close()
})

async function fillPool(id: string, signingAlgorithm: SigningAlgorithm): Promise<void> {
  const { directory } = ground
  await directory.pools.create({ id, name: id, signingAlgorithm, accessTokenTtl: 500 })
  const scopes = [{ name: 'admin', implies: ['read'] }, { name: 'read' }, { name: 'write' }]
  await directory.resources.create(id, { identifier: mcp, scopes })
  await directory.resources.create(id, { identifier: files, accessTokenTtl: 100 })
  const make = (clientId: string, rest: Partial<ClientInput> = {}) =>
    directory.clients.create(id, { clientId, name: clientId, clientType: 'MACHINE_TO_MACHINE', clientSecret, ...rest })
  await make('basic')
  await make('post', { tokenEndpointAuthMethod: 'client_secret_post' })
  await make('scoped', { scopes: ['read'], resources: [mcp], accessTokenTtl: 50 })
  await make('bare', { scopes: [], defaultResource: files })
  await make('web', { clientType: 'WEB_APPLICATION', redirectUris: ['https://app.example/callback'] })
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly text: string
}

async function ask({ url }: Face, pool: string, params: Params, headers: Record<string, string>): Promise<Answer> {
  const { tokenUrl } = poolUrls(url, pool)
  const response = await fetch(tokenUrl, { method: 'POST', headers, body: formOf(params) })
  const { date: _date, 'x-request-id': _id, ...rest } = Object.fromEntries(response.headers)
  return { status: response.status, headers: rest, text: await response.text() }
}

/** What differs from one token to the next, by its shape alone. */
function shapeOf({ status, headers, text }: Answer) {
  const body = asRecord(JSON.parse(text))
  const { access_token: token, ...rest } = body
  if (typeof token !== 'string') return { status, headers, body }
  const { header, claims } = decode(token)
  const [, , signature = ''] = token.split('.')
  return {
    status,
    headers,
    names: Object.keys(body),
    rest,
    token: {
      length: token.length,
      header: JSON.stringify(header),
      names: Object.keys(claims),
      claims: { ...claims, jti: /^[A-Za-z0-9_-]{43}$/.test(String(claims['jti'])), iat: 0, exp: 0 },
      lifetime: Number(claims['exp']) - Number(claims['iat']),
      signature: signature.length,
    },
  }
}

function eventShape(event: EventInput | undefined) {
  const { durationMs, requestId, tokenHash, ...facts } = event ?? {}
  return { ...facts, timed: typeof durationMs, identified: typeof requestId, hash: tokenHash?.length }
}

const who = (clientId: string, secret = clientSecret) => ({
  authorization: basicOf({ clientId, clientSecret: secret }),
})
const form = 'application/x-www-form-urlencoded'
const grant = { grant_type: 'client_credentials' }

const cases: [what: string, params: Params, headers: Record<string, string>, isFast: boolean][] = [
  ['plain', grant, who('basic'), true],
  ['a resource', { ...grant, resource: files }, who('basic'), true],
  ['a resource, spelled otherwise', { ...grant, resource: 'HTTPS://MCP.example:443/mcp/' }, who('basic'), true],
  ['a scope', { ...grant, scope: 'read' }, who('basic'), true],
  ['scopes in another order, one twice', { ...grant, scope: 'write read write' }, who('basic'), true],
  ['scopes of OpenID beside one of the resource', { ...grant, scope: 'openid read email' }, who('basic'), true],
  ['scopes of OpenID alone', { ...grant, scope: 'openid profile' }, who('basic'), true],
  ['scopes of OpenID alone, and none granted', { ...grant, scope: 'openid profile' }, who('bare'), true],
  ['empty parameters', { ...grant, scope: '', resource: '' }, who('basic'), true],
  ['a client with limits', grant, who('scoped'), true],
  ['a client without scopes', grant, who('bare'), true],
  ['a client that registered the body', grant, who('post'), true],
  ['a charset', grant, { ...who('basic'), 'content-type': `${form}; charset=utf-8` }, true],
  ['basic in lower case', grant, { authorization: who('basic').authorization.replace('Basic', 'basic') }, true],
  ['a form-encoded name', grant, { authorization: `Basic ${btoa(`%62asic:${clientSecret}`)}` }, true],
  ['an accept header', grant, { ...who('basic'), accept: 'text/html' }, true],
  ['the client in the body too', { ...grant, client_id: 'basic' }, who('basic'), false],
  ['a parameter that nobody knows', { ...grant, audience: 'x' }, who('basic'), false],
  ['an origin', grant, { ...who('basic'), origin: 'https://app.example' }, false],
  ['the secret in the body', { ...grant, client_id: 'post', client_secret: clientSecret }, {}, false],
  ['a wrong secret', grant, who('basic', `${clientSecret}x`), false],
  ['an empty secret', grant, who('basic', ''), false],
  ['an unknown client', grant, who('nobody'), false],
  ['a client that is no machine', grant, who('web'), false],
  ['an unknown resource', { ...grant, resource: 'https://x.example' }, who('basic'), false],
  ['a resource that is not granted', { ...grant, resource: files }, who('scoped'), false],
  ['two resources', { ...grant, resource: [mcp, files] }, who('basic'), false],
  ['no URI', { ...grant, resource: 'x' }, who('basic'), false],
  ['a fragment', { ...grant, resource: `${mcp}#x` }, who('basic'), false],
  ['an unknown scope', { ...grant, scope: 'read delete' }, who('basic'), false],
  ['a scope that is not granted', { ...grant, scope: 'write' }, who('scoped'), false],
  ['a malformed scope', { ...grant, scope: 'read  write' }, who('basic'), false],
  ['another grant', { grant_type: 'password' }, who('basic'), false],
  ['no grant', {}, who('basic'), false],
  ['a duplicate', { grant_type: ['client_credentials', 'client_credentials'] }, who('basic'), false],
  ['no credential', grant, {}, false],
  ['another scheme', grant, { authorization: 'Bearer abc' }, false],
  ['basic without a colon', grant, { authorization: `Basic ${btoa('basic')}` }, false],
  ['basic that is badly encoded', grant, { authorization: `Basic ${btoa('basic:%')}` }, false],
]

for (const pool of ['es256', 'eddsa', 'rs256']) {
  describe(`${pool}: the lane answers as the library does`, () => {
    for (const [what, params, headers, isFast] of cases) {
      test(what, async () => {
        const expected = shapeOf(await ask(library, pool, params, headers))
        for (let round = 0; round < 2; round += 1) {
          assert.deepEqual(shapeOf(await ask(lane, pool, params, headers)), expected)
          assert.deepEqual(eventShape(lane.events.at(-1)), eventShape(library.events.at(-1)))
        }
        assert.equal(expected.status === 200 || !isFast, true)
      })
    }
  })
}

test('plain requests take the lane, and no others', async () => {
  const { directory } = ground
  const pools = createOpenPools({ directory, clock: systemClock, publicUrl })
  const clients = createClients((pool, id) => directory.findClient(pool.id, id), systemClock)
  const fastLane = createFastLane({ clients, directory, clock: systemClock })
  const opened = await pools.open('es256')
  assert.ok(opened)
  for (const [what, params, headers, isFast] of cases) {
    const parsed = parse(formOf(params).toString())
    const token = await fastLane(opened, { headers: { 'content-type': form, ...headers } }, parsed)
    assert.equal(token !== undefined, isFast, what)
  }
  pools.close()
})
