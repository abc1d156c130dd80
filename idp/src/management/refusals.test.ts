import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type Answer, type Api, assertProblem, type ExpectedProblem, startApi } from './management-fixture.ts'

const long = 'x'.repeat(10_000)
const machine = { name: 'Agent', clientType: 'MACHINE_TO_MACHINE' }
const web = { name: 'App', clientType: 'WEB_APPLICATION' }
const pool = '/user-pools/pool'
const client = `${pool}/clients/agent`

type Call = (api: Api) => Promise<Answer>
type Case = readonly [title: string, call: Call, expected: ExpectedProblem]

const post =
  (path: string, body?: unknown): Call =>
  (api) =>
    api.post(path, body)
const patch =
  (path: string, body: unknown): Call =>
  (api) =>
    api.patch(path, body)

const bad = (field: string, says: RegExp): ExpectedProblem => ({ status: 400, code: 'invalid_request', field, says })
const twice = (field: string): ExpectedProblem => ({ ...bad(field, /remove one$/), fieldCode: 'repeated' })
const taken = (field: string, says: RegExp): ExpectedProblem => ({ status: 409, code: 'duplicate', field, says })
const fixed = (field: string): ExpectedProblem => ({ status: 409, code: 'immutable', field, says: /cannot change/ })
const gone: ExpectedProblem = { status: 404, code: 'not_found', says: /There is no/ }

const pools: readonly Case[] = [
  ['no name', post('/user-pools', {}), bad('name', /required/)],
  ['a name of 10 kB', post('/user-pools', { name: long }), bad('name', /128/)],
  ['a name of another type', post('/user-pools', { name: 7 }), bad('name', /string/)],
  ['an unknown field', post('/user-pools', { name: 'a', color: 'red' }), bad('color', /no such field/)],
  ['a mistyped field', post('/user-pools', { name: 'a', desciption: 'b' }), bad('desciption', /description/)],
  ['an id that is none', post('/user-pools', { name: 'a', id: 'A b' }), bad('id', /a-z/)],
  ['a lifetime of 0', post('/user-pools', { name: 'a', accessTokenTtl: 0 }), bad('accessTokenTtl', /at least 1/)],
  [
    'a lifetime of two days',
    post('/user-pools', { name: 'a', accessTokenTtl: 172_800 }),
    bad('accessTokenTtl', /86400/),
  ],
  [
    'an unknown algorithm',
    post('/user-pools', { name: 'a', signingAlgorithm: 'none' }),
    bad('signingAlgorithm', /ES256/),
  ],
  ['a mistyped field of 10 kB', post('/user-pools', { name: 'a', [long]: 1 }), bad('x'.repeat(128), /no such field/)],
  [
    'an attribute twice',
    post('/user-pools', { name: 'a', signInAttributes: ['email', 'email'] }),
    twice('signInAttributes[1]'),
  ],
  ['a body that is a list', post('/user-pools', []), { status: 400, code: 'invalid_request' }],
  ['a body that is no JSON', post('/user-pools', '{'), { status: 400, code: 'malformed_json' }],
  ['a body of 2 MB', post('/user-pools', `"${'x'.repeat(2 << 20)}"`), { status: 413, code: 'payload_too_large' }],
  ['an id that is taken', post('/user-pools', { id: 'pool', name: 'a' }), taken('id', /another id/)],
  ['a name that is taken', post('/user-pools', { name: 'Pool' }), taken('name', /another name/)],
  ['another id', patch(pool, { id: 'b' }), fixed('id')],
  ['other sign-in attributes', patch(pool, { signInAttributes: ['email'] }), fixed('signInAttributes')],
  [
    'other required attributes',
    patch(pool, { requiredSignUpAttributes: ['email'] }),
    fixed('requiredSignUpAttributes'),
  ],
  ['another project', patch(pool, { projectName: 'lab' }), fixed('projectName')],
  ['an unknown default', patch(pool, { defaultResource: 'urn:example:x' }), bad('defaultResource', /create it first/)],
  ['a null name', patch(pool, { name: null }), bad('name', /null/)],
  ['a pool that is not there', (api) => api.get('/user-pools/none'), gone],
  ['a change of a pool that is not there', patch('/user-pools/none', { name: 'a' }), gone],
  ['a deletion of a pool that is not there', (api) => api.delete('/user-pools/none'), gone],
  ['an id with a NUL', (api) => api.get('/user-pools/%00'), gone],
  ['a page of 101', (api) => api.get('/user-pools?limit=101'), bad('limit', /100/)],
  ['a page of 0', (api) => api.get('/user-pools?limit=0'), bad('limit', /1/)],
  ['a bad cursor', (api) => api.get('/user-pools?cursor=nonsense'), { status: 400, code: 'invalid_cursor' }],
  [
    'a cursor that was tampered with',
    (api) => api.get(`/user-pools?cursor=${Buffer.from('[1,"\\u0000"]').toString('base64url')}`),
    { status: 400, code: 'invalid_cursor' },
  ],
]

const clients: readonly Case[] = [
  ['no type', post(`${pool}/clients`, { name: 'a' }), bad('clientType', /required/)],
  [
    'an unknown type',
    post(`${pool}/clients`, { ...machine, clientType: 'ROBOT' }),
    bad('clientType', /MACHINE_TO_MACHINE/),
  ],
  ['a name of 10 kB', post(`${pool}/clients`, { ...machine, name: long }), bad('name', /128/)],
  ['an id that is taken', post(`${pool}/clients`, { ...machine, clientId: 'agent' }), taken('clientId', /another/)],
  ['a short secret', post(`${pool}/clients`, { ...machine, clientSecret: 'short' }), bad('clientSecret', /32/)],
  [
    'a secret with a plus',
    post(`${pool}/clients`, { ...machine, clientSecret: `${'x'.repeat(40)}+` }),
    bad('clientSecret', /A-Z/),
  ],
  [
    'a redirect in a machine client',
    post(`${pool}/clients`, { ...machine, redirectUris: ['https://a.example'] }),
    bad('redirectUris[0]', /a machine client has no redirects; remove redirectUris or use clientType WEB_APPLICATION/),
  ],
  [
    'a redirect over http',
    post(`${pool}/clients`, { ...web, redirectUris: ['http://app.example/callback'] }),
    bad('redirectUris[0]', /https/),
  ],
  [
    'a redirect with a fragment',
    post(`${pool}/clients`, { ...web, redirectUris: ['https://app.example/#x'] }),
    bad('redirectUris[0]', /#/),
  ],
  [
    'a redirect that runs script',
    post(`${pool}/clients`, { ...web, clientType: 'MOBILE_APPLICATION', redirectUris: ['javascript:alert(1)'] }),
    bad('redirectUris[0]', /https/),
  ],
  [
    'a scope with a space',
    post(`${pool}/clients`, { ...machine, scopes: ['read write'] }),
    bad('scopes[0]', /without space/),
  ],
  ['a scope of 10 kB', post(`${pool}/clients`, { ...machine, scopes: [long] }), bad('scopes[0]', /128/)],
  [
    'a redirect of 10 kB',
    post(`${pool}/clients`, { ...web, redirectUris: [`https://a.example/${long}`] }),
    bad('redirectUris[0]', /2048/),
  ],
  ['a scope twice', post(`${pool}/clients`, { ...machine, scopes: ['a', 'a'] }), twice('scopes[1]')],
  [
    'a resource twice, in two spellings',
    post(`${pool}/clients`, { ...machine, resources: ['https://a.example', 'HTTPS://A.example:443/'] }),
    twice('resources[1]'),
  ],
  [
    'a redirect twice',
    post(`${pool}/clients`, { ...web, redirectUris: ['https://app.example/', 'https://app.example/'] }),
    twice('redirectUris[1]'),
  ],
  ['a scope twice in a change', patch(client, { scopes: ['read', 'read'] }), twice('scopes[1]')],
  ['an unknown scope', post(`${pool}/clients`, { ...machine, scopes: ['fly'] }), bad('scopes[0]', /has this scope/)],
  [
    'an unknown resource',
    post(`${pool}/clients`, { ...machine, resources: ['urn:example:x'] }),
    bad('resources[0]', /create it first/),
  ],
  [
    'a default that is not granted',
    post(`${pool}/clients`, { ...machine, resources: [], defaultResource: 'urn:example:a' }),
    bad('defaultResource', /must be one of/),
  ],
  [
    'no keys for private_key_jwt',
    post(`${pool}/clients`, { ...machine, tokenEndpointAuthMethod: 'private_key_jwt' }),
    bad('jwks', /jwks or jwksUri/),
  ],
  [
    'a private key',
    post(`${pool}/clients`, {
      ...machine,
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwks: { keys: [generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })] },
    }),
    bad('jwks.keys[0]', /private key/),
  ],
  [
    'keys over http',
    post(`${pool}/clients`, {
      ...machine,
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwksUri: 'http://client.example/jwks',
    }),
    bad('jwksUri', /https/),
  ],
  ['a client in no pool', post('/user-pools/none/clients', machine), gone],
  ['another id', patch(client, { clientId: 'b' }), fixed('clientId')],
  ['another type', patch(client, { clientType: 'WEB_APPLICATION' }), fixed('clientType')],
  ['a secret in a change', patch(client, { clientSecret: 'x'.repeat(40) }), bad('clientSecret', /secrets/)],
  ['a redirect in a change', patch(client, { redirectUris: ['https://a.example'] }), bad('redirectUris[0]', /machine/)],
  ['a client that is not there', (api) => api.get(`${pool}/clients/none`), gone],
  ['a deletion of a client that is not there', (api) => api.delete(`${pool}/clients/none`), gone],
  ['a third secret', post(`${pool}/clients/full/secrets`, {}), { status: 409, code: 'limit', says: /at most 2/ }],
  [
    'a secret of one’s own',
    post(`${client}/secrets`, { clientSecret: 'x'.repeat(40) }),
    bad('clientSecret', /no such/),
  ],
  [
    'a secret that has ended already',
    post(`${client}/secrets`, { expiresAt: '2020-01-01T00:00:00Z' }),
    bad('expiresAt', /has passed; choose a time in the future, or leave it out/),
  ],
  [
    'a secret that ends at no time',
    post(`${client}/secrets`, { expiresAt: 'tomorrow' }),
    bad('expiresAt', /must be a time such as/),
  ],
  ['a secret of a client that is not there', post(`${pool}/clients/none/secrets`, {}), gone],
  [
    'a secret of a public client',
    post(`${pool}/clients/spa/secrets`, {}),
    { status: 409, code: 'conflict', says: /public/ },
  ],
  [
    'a deletion of a secret that is not there',
    (api) => api.delete(`${client}/secrets/none`),
    { status: 404, code: 'not_found', says: /no secret/ },
  ],
]

const resources: readonly Case[] = [
  ['no identifier', post(`${pool}/resources`, {}), bad('identifier', /required/)],
  ['a name of 10 kB', post(`${pool}/resources`, { identifier: 'urn:example:b', name: long }), bad('name', /128/)],
  [
    'an identifier of 10 kB',
    post(`${pool}/resources`, { identifier: `https://a.example/${long}` }),
    bad('identifier', /2048/),
  ],
  ['a fragment', post(`${pool}/resources`, { identifier: 'https://a.example/#x' }), bad('identifier', /#/)],
  ['http on a public host', post(`${pool}/resources`, { identifier: 'http://a.example/' }), bad('identifier', /https/)],
  ['no URL', post(`${pool}/resources`, { identifier: 'mcp' }), bad('identifier', /URL/)],
  ['a resource that is there', post(`${pool}/resources`, { identifier: 'urn:example:a' }), taken('identifier', /id/)],
  [
    'a scope with a space',
    post(`${pool}/resources`, { identifier: 'urn:example:b', scopes: [{ name: 'a b' }] }),
    bad('scopes[0].name', /without space/),
  ],
  [
    'a scope twice',
    post(`${pool}/resources`, { identifier: 'urn:example:b', scopes: [{ name: 'a' }, { name: 'a' }] }),
    twice('scopes[1].name'),
  ],
  [
    'an implied scope that is not there',
    post(`${pool}/resources`, { identifier: 'urn:example:b', scopes: [{ name: 'a', implies: ['c'] }] }),
    bad('scopes[0].implies[0]', /no scope of this resource/),
  ],
  ['a resource that is not there', (api) => api.get(`${pool}/resources/none`), gone],
  ['a change of one that is not there', patch(`${pool}/resources/none`, { name: 'a' }), gone],
  ['a deletion of one that is not there', (api) => api.delete(`${pool}/resources/none`), gone],
  ['a resource in no pool', post('/user-pools/none/resources', { identifier: 'urn:example:b' }), gone],
]

const keysAndTokens: readonly Case[] = [
  [
    'a cursor of another list',
    (api) => api.get(`${pool}/keys?cursor=${Buffer.from('["x"]').toString('base64url')}`),
    { status: 400, code: 'invalid_cursor' },
  ],
  ['keys of no pool', (api) => api.get('/user-pools/none/keys'), gone],
  ['a rotation in no pool', post('/user-pools/none/keys/rotate'), gone],
  ['a rotation with a wish', post(`${pool}/keys/rotate`, { alg: 'HS256' }), bad('alg', /no such field/)],
  ['a token in no pool', post('/user-pools/none/tokens', { clientId: 'agent' }), gone],
  ['a token for nobody', post(`${pool}/tokens`, {}), bad('clientId', /required/)],
  ['a token for a client that is not there', post(`${pool}/tokens`, { clientId: 'none' }), gone],
  ['a token for ever', post(`${pool}/tokens`, { clientId: 'agent', ttl: 86_401 }), bad('ttl', /86400/)],
  [
    'a token for an unknown resource',
    post(`${pool}/tokens`, { clientId: 'agent', resource: 'urn:example:x' }),
    { status: 400, code: 'invalid_request', says: /register it/ },
  ],
  [
    'a token with an unknown scope',
    post(`${pool}/tokens`, { clientId: 'agent', scopes: ['fly'] }),
    { status: 400, code: 'invalid_request', says: /scope/ },
  ],
  [
    'a token for a browser client',
    post(`${pool}/tokens`, { clientId: 'spa' }),
    { status: 400, code: 'invalid_request', says: /machine clients/ },
  ],
]

describe('the management API refuses', () => {
  let api: Api
  before(async () => {
    api = await startApi()
    await api.post('/user-pools', { id: 'pool', name: 'Pool' })
    await api.post(`${pool}/resources`, { identifier: 'urn:example:a', scopes: [{ name: 'read' }] })
    await api.post(`${pool}/clients`, { ...machine, clientId: 'agent' })
    await api.post(`${pool}/clients`, { ...machine, clientId: 'full' })
    await api.post(`${pool}/clients/full/secrets`, {})
    await api.post(`${pool}/clients`, { name: 'Spa', clientType: 'SINGLE_PAGE_APPLICATION', clientId: 'spa' })
  })
  after(() => api.close())

  for (const [room, cases] of Object.entries({ pools, clients, resources, keysAndTokens })) {
    describe(room, () => {
      for (const [title, call, expected] of cases) it(title, () => assertProblem(api, () => call(api), expected))
    })
  }

  it('the last secret of a client that needs one', async () => {
    const { items } = (await api.get(`${client}/secrets`)).body
    assert.ok(Array.isArray(items))
    const call = () => api.delete(`${client}/secrets/${items[0].id}`)
    await assertProblem(api, call, { status: 409, code: 'in_use', says: /add another first/ })
  })

  it('another identifier of a resource', async () => {
    const { items } = (await api.get(`${pool}/resources`)).body
    assert.ok(Array.isArray(items))
    const call = () => api.patch(`${pool}/resources/${items[0].id}`, { identifier: 'urn:example:z' })
    await assertProblem(api, call, fixed('identifier'))
  })

  it('who has no admin token, or a wrong one', async () => {
    const state = await api.state()
    const headers = [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic eDp4' }]
    for (const header of headers) {
      for (const [method, path] of [
        ['GET', '/user-pools'],
        ['DELETE', pool],
        ['POST', '/seed'],
        ['GET', '/seed'],
      ] as const) {
        const response = await fetch(`${api.url}/api/v1${path}`, { method, headers: header })
        const body = await response.json()
        assert.deepEqual([response.status, body.code], [401, 'unauthorized'])
        assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer realm="postern"/)
      }
    }
    assert.deepEqual(await api.state(), state)
  })

  it('a body that is not JSON by its type', async () => {
    const state = await api.state()
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/json; charset=latin1']) {
      const headers = { authorization: `Bearer ${api.adminToken}`, 'content-type': type }
      const response = await fetch(`${api.url}/api/v1/user-pools`, { method: 'POST', headers, body: '{"name":"a"}' })
      const { code, detail } = await response.json()
      assert.deepEqual([response.status, code], [415, 'unsupported_media_type'], type)
      assert.match(detail, /^send the body /)
    }
    assert.deepEqual(await api.state(), state)
  })

  it('a hundred thousand unknown fields, in few words', async () => {
    const fields = Object.fromEntries(Array.from({ length: 90_000 }, (_, index) => [`k${index}`, 1]))
    const { status, body } = await api.post('/user-pools', fields)
    assert.equal(status, 400)
    assert.match(String(body['detail']), /\(and 90000 more, see errors\)/)
    assert.ok(JSON.stringify(body).length < 50_000)
  })
})
