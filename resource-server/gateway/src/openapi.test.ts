/** An API behind the gateway, from the management API to what MCP clients of each generation see. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringify } from 'yaml'
import { type Api, petsDocument, sendJson, serveApi } from './backends/openapi/fixtures/api.ts'
import { documentOf } from './backends/openapi/fixtures/documents.ts'
import { connectV1, connectV2, modern } from './protocol/fixtures/clients.ts'
import { eventually, restOf } from './testing/rest.ts'
import { type Gateway, startGateway } from './testing/start-gateway.ts'

const secrets = { header: 'a-header-of-ours', client: 'a-client-secret-of-ours' }
const base64 = Buffer.from(stringify(petsDocument())).toString('base64')

async function servePets(): Promise<Api> {
  return await serveApi(({ method, url, body, headers }, res) => {
    if (url === '/token') return sendJson(res, 200, { access_token: 'a-token-of-ours', token_type: 'Bearer' })
    if (headers.authorization !== 'Bearer a-token-of-ours') return sendJson(res, 401, { error: 'who are you?' })
    if (method === 'POST') return sendJson(res, 201, { id: '7', ...JSON.parse(body) })
    if (url === '/v1/pets/none') return sendJson(res, 404, { error: 'no such pet' })
    sendJson(res, 200, { url })
  })
}

const backendFor = ({ url }: Api) => ({
  type: 'openapi' as const,
  document: base64,
  baseUrl: `${url}/v1`,
  headers: { 'X-Extra': secrets.header },
  oauth: { tokenUrl: `${url}/token`, clientId: 'gateway', clientSecret: secrets.client },
})

function serviceOf(api: Api) {
  const authorizers = [{ type: 'ApiKey' as const, apiKeys: [{ name: 'laptop' }] }]
  return { id: 'pets', name: 'Pets', path: '/pets', backend: backendFor(api), authorizers }
}

function firstText(result: object): string {
  const content = 'content' in result && Array.isArray(result.content) ? result.content : []
  return content.find((block) => block.type === 'text')?.text ?? ''
}

type Connect = (url: string, token: string) => ReturnType<typeof connectV1> | ReturnType<typeof connectV2>
const clients: readonly (readonly [string, Connect])[] = [
  ['v1', connectV1],
  ['v2', connectV2],
  ['v2 pinned', (url, token) => connectV2(url, token, modern)],
]

for (const [generation, connect] of clients) {
  test(`a client of the SDK ${generation} calls an API`, async () => {
    await using gateway = await startGateway()
    const api = await servePets()
    try {
      const service = await gateway.createService(serviceOf(api))
      const client = await connect(service.url, service.apiKeys[0]?.key ?? '')
      const { tools } = await client.listTools()
      assert.deepEqual(
        tools.map(({ name }) => name),
        ['getPet', 'deletePet', 'listPets', 'addPet'],
      )
      assert.deepEqual(tools[0]?.inputSchema.required, ['id'])
      assert.equal(tools[0]?.annotations?.readOnlyHint, true)
      assert.equal(client.getServerVersion()?.name, 'API')
      const pet = await client.callTool({ name: 'getPet', arguments: { id: 'a b', fields: ['x'] } })
      assert.deepEqual(pet.structuredContent, { url: '/v1/pets/a%20b?fields=x' })
      const added = await client.callTool({ name: 'addPet', arguments: { name: 'Rex' } })
      assert.deepEqual(added.structuredContent, { id: '7', name: 'Rex' })
      const none = await client.callTool({ name: 'getPet', arguments: { id: 'none' } })
      assert.equal(none.isError, true)
      assert.equal(firstText(none), 'The API answered HTTP 404 Not Found: {"error":"no such pet"}')
      const missing = await client.callTool({ name: 'getPet', arguments: {} })
      assert.equal(firstText(missing), 'id: is missing; give it')
      await client.close()
      const calls = api.seen.filter(({ url }) => url !== '/token')
      assert.equal(calls.length, 3)
      assert.ok(calls.every(({ headers }) => headers['x-extra'] === secrets.header))
      assert.ok(!JSON.stringify(api.seen).includes('pst_'), 'the caller’s key goes nowhere')
    } finally {
      await api.close()
    }
  })
}

async function withGateway(run: (gateway: Gateway, api: Api) => Promise<void>): Promise<void> {
  await using gateway = await startGateway()
  const api = await servePets()
  try {
    await run(gateway, api)
  } finally {
    await api.close()
  }
}

test('secrets are shown nowhere, survive a change that repeats the mask, and an export that is applied again', async () => {
  await withGateway(async (gateway, api) => {
    const call = restOf(gateway)
    await gateway.createService(serviceOf(api))
    const shown = await call('GET', '/mcp-services/pets')
    assert.deepEqual(shown.body.backend, {
      ...backendFor(api),
      headers: { 'X-Extra': '***' },
      oauth: { ...backendFor(api).oauth, clientSecret: '***' },
    })
    const { backend } = shown.body
    assert.equal(
      (await call('PATCH', '/mcp-services/pets', { backend: { ...backend, document: petsDocument() } })).status,
      200,
    )
    const settled = await eventually('the check', async () => {
      const { body } = await call('GET', '/mcp-services/pets')
      return body.status === 'Updating' ? undefined : body
    })
    assert.equal(settled.status, 'Ready', settled.statusReason)
    const exported = await call('GET', '/seed')
    assert.ok(!JSON.stringify([shown.body, settled, exported.body]).includes('of-ours'))
    const again = await call('POST', '/mcp-services', { name: 'x', path: '/x', backend })
    assert.deepEqual(
      [again.status, again.body.errors.map(({ field }: { field: string }) => field)],
      [400, ['backend.headers.X-Extra', 'backend.oauth.clientSecret']],
    )
  })
})

const failures: readonly [string, object, RegExp][] = [
  [
    'a base URL at a link-local address',
    { document: petsDocument(), baseUrl: 'https://169.254.169.254/' },
    /its host is at a link-local or metadata address, which is never contacted/,
  ],
  [
    'a circle of references',
    { document: documentOf({ '/a': { $ref: '#/paths/~1a' } }), baseUrl: 'https://api.example' },
    /at `#\/paths\/~1a`: its \$ref leads round in a circle/,
  ],
  ['no document', { document: 'hello' }, /OpenAPI document/],
]

test('what the gateway cannot use becomes CreateFailed, with the reason', async () => {
  await withGateway(async (gateway) => {
    const call = restOf(gateway)
    for (const [what, backend, reason] of failures) {
      const made = await call('POST', '/mcp-services', {
        name: what,
        path: `/${what.replaceAll(' ', '-')}`,
        backend: { type: 'openapi', ...backend },
      })
      assert.equal(made.status, 201, what)
      const { status, statusReason } = await eventually(what, async () => {
        const { body } = await call('GET', `/mcp-services/${made.body.id}`)
        return body.status === 'Creating' ? undefined : body
      })
      assert.equal(status, 'CreateFailed', what)
      assert.match(statusReason, reason)
    }
  })
})

test('what is no openapi backend is refused at once', async () => {
  await withGateway(async (gateway, api) => {
    const call = restOf(gateway)
    const post = (backend: object) => call('POST', '/mcp-services', { name: 'x', path: '/x', backend })
    const { oauth } = backendFor(api)
    const faults: readonly [object, string][] = [
      [{ type: 'openapi' }, 'backend.document'],
      [{ type: 'openapi', document: 7 }, 'backend.document'],
      [{ type: 'openapi', document: '' }, 'backend.document'],
      [{ type: 'openapi', document: {}, baseUrl: 'http://169.254.169.254/' }, 'backend.baseUrl'],
      [{ type: 'openapi', document: {}, baseUrl: '/v1' }, 'backend.baseUrl'],
      [{ type: 'openapi', document: {}, oauth: { clientId: 'x', clientSecret: 'y' } }, 'backend.oauth.tokenUrl'],
      [
        {
          type: 'openapi',
          document: {},
          oauth: { ...oauth, discoveryUrl: 'https://i.example/.well-known/openid-configuration' },
        },
        'backend.oauth.discoveryUrl',
      ],
      [
        { type: 'openapi', document: {}, oauth: { ...oauth, tokenUrl: 'http://idp.example/token' } },
        'backend.oauth.tokenUrl',
      ],
      [
        { type: 'openapi', document: {}, oauth, headers: { authorization: 'Bearer x' } },
        'backend.headers.authorization',
      ],
      [
        { type: 'http', url: 'https://mcp.example', oauth, headers: { Authorization: 'x' } },
        'backend.headers.Authorization',
      ],
      [{ type: 'openapi', document: {}, headers: { 'content-type': 'x' } }, 'backend.headers.content-type'],
    ]
    for (const [backend, field] of faults) {
      const { status, body } = await post(backend)
      assert.deepEqual([status, body.errors?.[0]?.field], [400, field], JSON.stringify(body))
    }
    const large = await post({ type: 'openapi', document: 'x'.repeat(20 * 1024 * 1024) })
    assert.equal(large.status, 413)
    assert.equal((await call('GET', '/mcp-services')).body.items.length, 0)
  })
  await using gateway = await startGateway()
  const backend = { type: 'openapi' as const, document: 'x'.repeat(20 * 1024 * 1024) }
  await assert.rejects(
    gateway.createService({ name: 'x', path: '/x', backend }),
    /backend\.document: has more than \d+ characters/,
  )
})

test('a seed brings an API, its document as an object', async () => {
  const api = await servePets()
  const { document: _, ...rest } = backendFor(api)
  const services = [{ id: 'pets', path: '/pets', backend: { ...rest, document: petsDocument() } }]
  await using gateway = await startGateway({ seed: { version: 1, services } })
  try {
    const ready = await eventually('the check', async () => {
      const { body } = await restOf(gateway)('GET', '/mcp-services/pets')
      return body.status === 'Creating' ? undefined : body
    })
    assert.equal(ready.status, 'Ready', ready.statusReason)
  } finally {
    await api.close()
  }
})
