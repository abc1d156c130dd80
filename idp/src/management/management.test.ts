import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Api, startApi } from './management-fixture.ts'

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe('the management API', () => {
  let api: Api
  before(async () => {
    api = await startApi()
  })
  after(() => api.close())

  it('plays the life of a pool', async () => {
    const created = await api.post('/user-pools', { id: 'life', name: 'Life', description: 'First' })
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('location'), '/api/v1/user-pools/life')
    const { createdAt, updatedAt, ...pool } = created.body
    assert.match(String(createdAt), time)
    assert.equal(updatedAt, createdAt)
    assert.deepEqual(pool, {
      id: 'life',
      name: 'Life',
      description: 'First',
      projectName: 'default',
      signInAttributes: ['preferred_username'],
      requiredSignUpAttributes: [],
      selfSignUpEnabled: false,
      signingAlgorithm: 'ES256',
      passwordPolicy: {
        minLength: 8,
        requireUppercase: true,
        requireLowercase: true,
        requireNumbers: true,
        requireSymbols: false,
      },
      brand: {},
      selfAccountRecoveryEnabled: true,
      signUpAutoVerificationEnabled: false,
      refreshTokenTtl: 2_592_000,
      refreshTokenGrace: 30,
      dynamicRegistrationEnabled: true,
      clientIdMetadataDocumentsEnabled: true,
      deviceFlowEnabled: true,
      audience: 'resource',
      issuer: `${api.url}/pools/life`,
      discoveryUrl: `${api.url}/pools/life/.well-known/openid-configuration`,
      tokenUrl: `${api.url}/pools/life/token`,
      jwksUrl: `${api.url}/pools/life/jwks`,
      enabled: true,
      totalUsers: 0,
      totalClients: 0,
    })
    assert.deepEqual((await api.get('/user-pools/life')).body, created.body)
    const patched = await api.patch('/user-pools/life', { description: null, accessTokenTtl: 60 })
    assert.equal(patched.status, 200)
    assert.deepEqual([patched.body['description'], patched.body['accessTokenTtl']], [undefined, 60])
    const list = await api.get('/user-pools')
    assert.deepEqual([list.status, list.body], [200, { items: [patched.body], nextCursor: null }])
    const deleted = await api.delete('/user-pools/life')
    assert.deepEqual([deleted.status, deleted.body], [204, {}])
    assert.equal((await api.get('/user-pools/life')).status, 404)
  })

  it('publishes what it says it does', async () => {
    const { body: pool } = await api.post('/user-pools', { id: 'links', name: 'Links' })
    const discovery = await (await fetch(String(pool['discoveryUrl']))).json()
    assert.deepEqual(
      [discovery.issuer, discovery.token_endpoint, discovery.jwks_uri],
      [pool['issuer'], pool['tokenUrl'], pool['jwksUrl']],
    )
    const jwks = await (await fetch(String(pool['jwksUrl']))).json()
    const { items } = (await api.get('/user-pools/links/keys')).body
    assert.ok(Array.isArray(items))
    assert.deepEqual(jwks.keys.map(({ kid }: { kid: string }) => kid).sort(), items.map(({ kid }) => kid).sort())
  })

  it('plays the life of a client', async () => {
    await api.post('/user-pools', { id: 'clients', name: 'Clients' })
    const path = '/user-pools/clients/clients'
    const input = { clientId: 'agent', name: 'Agent', clientType: 'MACHINE_TO_MACHINE' }
    const created = await api.post(path, input)
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('location'), `/api/v1${path}/agent`)
    assert.equal(created.headers.get('cache-control'), 'no-store')
    const { clientSecret, ...client } = created.body
    assert.match(String(clientSecret), /^[A-Za-z0-9_-]{43}$/)
    const { createdAt, updatedAt } = client
    assert.deepEqual(client, {
      ...input,
      tokenEndpointAuthMethod: 'client_secret_basic',
      grantTypes: ['client_credentials'],
      skipConsentEnabled: false,
      registration: 'management',
      createdAt,
      updatedAt,
    })
    assert.deepEqual((await api.get(`${path}/agent`)).body, client)
    assert.deepEqual((await api.get(path)).body, { items: [client], nextCursor: null })
    const patched = await api.patch(`${path}/agent`, { name: 'Robot', scopes: [], resources: [] })
    assert.deepEqual(
      [patched.status, patched.body['name'], patched.body['scopes'], patched.body['resources']],
      [200, 'Robot', [], []],
    )
    assert.ok(!('clientSecret' in patched.body))
    const cleared = await api.patch(`${path}/agent`, { scopes: null, resources: null })
    assert.deepEqual(['scopes' in cleared.body, 'resources' in cleared.body], [false, false])
    assert.equal((await api.delete(`${path}/agent`)).status, 204)
    assert.equal((await api.get(`${path}/agent`)).status, 404)
  })

  it('keeps clients of every type', async () => {
    await api.post('/user-pools', { id: 'types', name: 'Types' })
    const uris = ['https://app.example/callback', 'http://127.0.0.1:8080/callback']
    const cases = [
      ['WEB_APPLICATION', uris, 'client_secret_basic', true],
      ['SINGLE_PAGE_APPLICATION', uris, 'none', false],
      ['MOBILE_APPLICATION', ['com.example.app:/callback'], 'none', false],
    ] as const
    for (const [clientType, redirectUris, method, hasSecret] of cases) {
      const made = await api.post('/user-pools/types/clients', { name: 'App', clientType, redirectUris })
      assert.equal(made.status, 201)
      const { body } = made
      assert.deepEqual(
        [body['redirectUris'], body['tokenEndpointAuthMethod'], 'clientSecret' in body],
        [redirectUris, method, hasSecret],
      )
    }
  })

  it('plays the life of a secret', async () => {
    await api.post('/user-pools', { id: 'secrets', name: 'Secrets' })
    await api.post('/user-pools/secrets/resources', { identifier: 'urn:example:a' })
    const input = { clientId: 'agent', name: 'Agent', clientType: 'MACHINE_TO_MACHINE' }
    const first = (await api.post('/user-pools/secrets/clients', input)).body['clientSecret']
    const path = '/user-pools/secrets/clients/agent/secrets'
    const created = await api.post(path, {})
    assert.equal(created.status, 201)
    const { id, clientSecret, createdAt, expiresAt } = created.body
    assert.equal(created.headers.get('location'), `/api/v1${path}/${id}`)
    assert.deepEqual([expiresAt, time.test(String(createdAt))], [null, true])
    const token = async (secret: unknown) => {
      const authorization = `Basic ${Buffer.from(`agent:${secret}`).toString('base64')}`
      const body = new URLSearchParams({ grant_type: 'client_credentials' })
      const response = await fetch(`${api.url}/pools/secrets/token`, {
        method: 'POST',
        headers: { authorization },
        body,
      })
      await response.arrayBuffer()
      return response.status
    }
    assert.deepEqual([await token(first), await token(clientSecret)], [200, 200])
    const { items } = (await api.get(path)).body
    assert.ok(Array.isArray(items))
    assert.deepEqual([items.length, items.every(({ lastUsedAt }) => time.test(lastUsedAt))], [2, true])
    assert.deepEqual(Object.keys(items[0]), ['id', 'createdAt', 'expiresAt', 'lastUsedAt'])
    const old = items.find((secret) => secret.id !== id).id
    assert.equal((await api.delete(`${path}/${old}`)).status, 204)
    assert.deepEqual([await token(first), await token(clientSecret)], [401, 200])
  })

  it('stops a client at once when it, its pool, or only the pool’s use is ended', async () => {
    const token = async (poolId: string, clientSecret: unknown) => {
      const authorization = `Basic ${Buffer.from(`agent:${clientSecret}`).toString('base64')}`
      const body = new URLSearchParams({ grant_type: 'client_credentials' })
      const url = `${api.url}/pools/${poolId}/token`
      const response = await fetch(url, { method: 'POST', headers: { authorization }, body })
      await response.arrayBuffer()
      return response.ok
    }
    const ends = {
      'stop-client': (path: string) => api.delete(`${path}/clients/agent`),
      'stop-pool': (path: string) => api.delete(path),
      'stop-use': (path: string) => api.patch(path, { enabled: false }),
    }
    for (const [poolId, end] of Object.entries(ends)) {
      await api.post('/user-pools', { id: poolId, name: poolId })
      await api.post(`/user-pools/${poolId}/resources`, { identifier: 'urn:example:a' })
      const input = { clientId: 'agent', name: 'Agent', clientType: 'MACHINE_TO_MACHINE' }
      const { clientSecret } = (await api.post(`/user-pools/${poolId}/clients`, input)).body
      assert.equal(await token(poolId, clientSecret), true)
      await end(`/user-pools/${poolId}`)
      assert.equal(await token(poolId, clientSecret), false, poolId)
    }
  })

  it('plays the life of a resource', async () => {
    await api.post('/user-pools', { id: 'resources', name: 'Resources' })
    const path = '/user-pools/resources/resources'
    const scopes = [{ name: 'read' }, { name: 'write', description: 'Change', implies: ['read'] }]
    const created = await api.post(path, { identifier: 'HTTPS://Mcp.example:443/mcp', name: 'Mcp', scopes })
    assert.equal(created.status, 201)
    const { id, identifier } = created.body
    assert.equal(created.headers.get('location'), `/api/v1${path}/${id}`)
    assert.deepEqual([identifier, created.body['scopes']], ['https://mcp.example/mcp', scopes])
    assert.equal((await api.get('/user-pools/resources')).body['defaultResource'], identifier)
    assert.deepEqual((await api.get(`${path}/${id}`)).body, created.body)
    assert.deepEqual((await api.get(path)).body, { items: [created.body], nextCursor: null })
    const patched = await api.patch(`${path}/${id}`, { name: null, scopes: null, accessTokenTtl: 60 })
    assert.deepEqual(['name' in patched.body, patched.body['scopes'], patched.body['accessTokenTtl']], [false, [], 60])
    const deleted = await api.delete(`${path}/${id}`)
    assert.equal(deleted.status, 204)
    assert.match(deleted.headers.get('postern-notice') ?? '', /has none now; set defaultResource/)
    assert.ok(!('defaultResource' in (await api.get('/user-pools/resources')).body))
    const other = (await api.post(path, { identifier: 'urn:example:a' })).body['id']
    await api.post(path, { identifier: 'urn:example:b' })
    await api.patch('/user-pools/resources', { defaultResource: 'urn:example:b' })
    assert.equal((await api.delete(`${path}/${other}`)).headers.get('postern-notice'), null)
  })

  it('rotates keys, and the JWKS follows', async () => {
    const { body: pool } = await api.post('/user-pools', { id: 'keys', name: 'Keys' })
    const { body: before } = await api.get('/user-pools/keys/keys')
    const rotated = await api.post('/user-pools/keys/keys/rotate')
    assert.equal(rotated.status, 200)
    const { items } = rotated.body
    assert.ok(Array.isArray(items) && Array.isArray(before['items']))
    assert.deepEqual(
      items.map(({ state }) => state),
      ['active', 'next', 'retired'],
    )
    assert.deepEqual([items[0].kid, items[2].kid], [before['items'][1].kid, before['items'][0].kid])
    assert.deepEqual(Object.keys(items[0]), ['kid', 'alg', 'state', 'createdAt', 'activatedAt', 'retiresAt'])
    assert.deepEqual([items[1].activatedAt, time.test(items[2].retiresAt)], [null, true])
    const jwks = await (await fetch(String(pool['jwksUrl']))).json()
    assert.deepEqual(
      jwks.keys.map(({ kid }: { kid: string }) => kid),
      items.map(({ kid }) => kid),
    )
  })

  it('mints tokens in development', async () => {
    await api.post('/user-pools', { id: 'mint', name: 'Mint' })
    await api.post('/user-pools/mint/resources', { identifier: 'urn:example:a', scopes: [{ name: 'read' }] })
    await api.post('/user-pools/mint/clients', { clientId: 'c', name: 'c', clientType: 'MACHINE_TO_MACHINE' })
    const minted = await api.post('/user-pools/mint/tokens', { clientId: 'c', scopes: ['read'], ttl: 5 })
    assert.equal(minted.status, 201)
    assert.deepEqual([minted.body['expiresIn'], minted.body['tokenType']], [5, 'Bearer'])
    assert.equal(String(minted.body['accessToken']).split('.').length, 3)
  })

  it('lists page by page', async () => {
    await api.post('/user-pools', { id: 'pages', name: 'Pages' })
    const made: unknown[] = []
    for (let index = 0; index < 5; index += 1) {
      const input = { name: `c${index}`, clientType: 'MACHINE_TO_MACHINE' }
      made.push((await api.post('/user-pools/pages/clients', input)).body['clientId'])
    }
    const seen: unknown[] = []
    let cursor = ''
    do {
      const { body } = await api.get(`/user-pools/pages/clients?limit=2${cursor && `&cursor=${cursor}`}`)
      assert.ok(Array.isArray(body['items']) && body['items'].length <= 2)
      seen.push(...body['items'].map(({ clientId }) => clientId))
      cursor = typeof body['nextCursor'] === 'string' ? body['nextCursor'] : ''
    } while (cursor !== '')
    assert.deepEqual([...seen].sort(), [...made].sort())
  })

  it('lists keys and secrets page by page, too', async () => {
    await api.post('/user-pools', { id: 'short', name: 'Short' })
    const path = '/user-pools/short/keys'
    const { body: whole } = await api.get(path)
    const { body: first } = await api.get(`${path}?limit=1`)
    const { body: second } = await api.get(`${path}?limit=1&cursor=${first['nextCursor']}`)
    assert.deepEqual([...[first['items']].flat(), ...[second['items']].flat()], whole['items'])
    assert.deepEqual([whole['nextCursor'], second['nextCursor']], [null, null])
    await api.post('/user-pools/short/clients', { clientId: 'c', name: 'c', clientType: 'MACHINE_TO_MACHINE' })
    const { body: secrets } = await api.get('/user-pools/short/clients/c/secrets?limit=1')
    assert.equal(secrets['nextCursor'], null)
  })

  it('leaves an event for each write: what changed, and no value', async () => {
    await api.post('/user-pools', { id: 'events', name: 'Very secret name' })
    const { headers } = await api.post('/user-pools/events/clients', {
      clientId: 'agent',
      name: 'Agent',
      clientType: 'MACHINE_TO_MACHINE',
      clientSecret: 'own_secret_0123456789_0123456789_abc',
    })
    await api.patch('/user-pools/events/clients/agent', { name: 'Robot' })
    await api.post('/user-pools/events/keys/rotate')
    await api.delete('/user-pools/events')
    const { items } = (await api.get('/events?limit=100')).body
    assert.ok(Array.isArray(items))
    const own = items.filter(({ poolId }) => poolId === 'events')
    assert.deepEqual(
      own.map(({ kind, reason, clientId }) => [kind, reason, clientId]).sort(),
      [
        ['admin.changed', 'created', undefined],
        ['admin.changed', 'created', 'agent'],
        ['admin.changed', 'updated', 'agent'],
        ['key.rotated', 'ok', undefined],
        ['admin.changed', 'deleted', undefined],
      ].sort(),
    )
    const made = own.find(({ reason, clientId }) => reason === 'created' && clientId === 'agent')
    assert.equal(made.requestId, headers.get('x-request-id'))
    assert.ok(!/secret|Robot/.test(JSON.stringify(own)))
  })

  it('describes itself', async () => {
    const { body, status } = await api.get('/openapi.json')
    assert.equal(status, 200)
    const paths = Object.keys(Object(body['paths']))
    for (const path of ['/user-pools', '/user-pools/{poolId}/clients/{clientId}/secrets', '/seed']) {
      assert.ok(
        paths.some((one) => one.endsWith(path)),
        path,
      )
    }
  })
})
