import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { restOf } from '../testing/rest.ts'
import { startGateway } from '../testing/start-gateway.ts'

const discoveryUrl = 'http://localhost:1/.well-known/openid-configuration'
const access = {
  rules: [
    { tools: ['whoami'] },
    { tools: ['echo'], scopes: ['talk'] },
    { tools: ['echo'], groups: ['Engineers'] },
    { tools: ['*', 'ehco'], apiKeys: ['ops', 'opps'] },
  ],
  limits: { requestsPerMinute: 30 },
}
const service = {
  id: 'tools',
  name: 'tools',
  path: '/tools',
  backend: { type: 'builtin' as const },
  authorizers: [
    { type: 'ApiKey' as const, apiKeys: [{ name: 'ops' }, { name: 'dev', tools: ['echo'], scopes: ['talk'] }] },
    { type: 'CustomJWT' as const, discoveryUrl, allowedClients: ['agent'] },
  ],
  access,
}

test('who may call what: the tools of the backend, each caller that is known, and slips', async (t) => {
  const gateway = await startGateway()
  t.after(gateway.close)
  await gateway.createService(service)
  const call = restOf(gateway)
  const { status, body } = await call('GET', '/mcp-services/tools/access')
  assert.equal(status, 200)
  const { callers, ...rest } = body
  assert.deepEqual(rest, {
    serviceId: 'tools',
    mode: 'enforce',
    limits: { requestsPerMinute: 30 },
    tools: ['whoami', 'echo', 'current_time'],
    toolsFrom: 'backend',
    warnings: [
      'access.rules[3]: the backend has no tool "ehco"; did you mean "echo"?',
      'access.rules[3]: the service has no API key "opps"; did you mean "ops"?',
    ],
  })
  const cells = Object.fromEntries(
    callers.map(
      ({ kind, name, tools }: { kind: string; name: string; tools: { allowed: string; anyOf?: unknown }[] }) => [
        `${kind} ${name}`,
        tools.map(({ allowed, anyOf }) => anyOf ?? allowed),
      ],
    ),
  )
  assert.deepEqual(cells, {
    'apiKey ops': ['yes', 'yes', 'yes'],
    'apiKey dev': ['no', 'yes', 'no'],
    'client agent': ['yes', [{ scopes: ['talk'] }, { groups: ['Engineers'] }], 'no'],
    'group Engineers': ['yes', 'yes', 'no'],
  })
})

test('of a service that is not there, or not ready', async (t) => {
  const gateway = await startGateway()
  t.after(gateway.close)
  const call = restOf(gateway)
  assert.match((await call('GET', '/mcp-services/x/access')).body.detail, /no MCP service "x"; there is none yet/)
  await gateway.createService({ ...service, id: 'everyday' })
  const near = await call('GET', '/mcp-services/evryday/access')
  assert.deepEqual([near.status, near.body.code], [404, 'not_found'])
  assert.equal(near.body.detail, 'there is no MCP service "evryday"; did you mean "everyday"?')
  assert.match((await call('GET', '/mcp-services/quite-else/access')).body.detail, /; there are: everyday$/)
  assert.equal((await call('GET', '/mcp-toolsets/everyday/access')).status, 404)
  assert.equal((await fetch(`${gateway.url}/api/v1/mcp-services/everyday/access`)).status, 401)

  const backend = { type: 'http', url: 'http://127.0.0.1:1/mcp' }
  assert.equal((await call('POST', '/mcp-services', { ...service, id: 'dead', path: '/dead', backend })).status, 201)
  const { body } = await call('GET', '/mcp-services/dead/access')
  assert.deepEqual([body.toolsFrom, body.tools], ['rules', ['whoami', 'echo', 'ehco']])
  assert.match(body.warnings[0], /could not be asked/)
})

test('of a toolset: the merged names, and a word about rules of its services', async (t) => {
  const gateway = await startGateway()
  t.after(gateway.close)
  await gateway.createService(service)
  const call = restOf(gateway)
  const set = {
    id: 'set',
    name: 'set',
    path: '/set',
    serviceIds: ['tools'],
    authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'k' }] }],
    access: { rules: [{ tools: ['tools__echo'], apiKeys: ['k'] }] },
  }
  assert.equal((await call('POST', '/mcp-toolsets', set)).status, 201)
  const { body } = await call('GET', '/mcp-toolsets/set/access')
  assert.deepEqual(body.tools, ['tools__whoami', 'tools__echo', 'tools__current_time'])
  assert.deepEqual(
    body.callers[0].tools.map(({ allowed }: { allowed: string }) => allowed),
    ['no', 'yes', 'no'],
  )
  assert.deepEqual(body.warnings, ['service tools has rules of its own, which hold besides those that are shown here'])
  assert.equal((await call('GET', '/mcp-services/set/access')).status, 404)
})

test('access is made, shown, replaced, cleared, exported, applied, and there after a restart', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-access-'))
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  let gateway = await startGateway({ dataDir })
  await gateway.createService(service)
  let call = restOf(gateway)
  assert.deepEqual((await call('GET', '/mcp-services/tools')).body.access, access)
  const dryRun = { mode: 'dryRun', audit: { arguments: true } }
  assert.deepEqual((await call('PATCH', '/mcp-services/tools', { access: dryRun })).body.access, dryRun)
  assert.deepEqual((await call('PATCH', '/mcp-services/tools', { name: 'renamed' })).body.access, dryRun)
  const wrong = await call('PATCH', '/mcp-services/tools', { access: { rules: [{ tools: [] }] } })
  assert.deepEqual([wrong.status, wrong.body.errors[0].field], [400, 'access.rules[0].tools'])
  await call('PATCH', '/mcp-services/tools', { access })
  const { body: exported } = await call('GET', '/seed')
  assert.deepEqual(exported.services[0].access, access)
  await gateway.close()

  gateway = await startGateway({ dataDir })
  t.after(() => gateway.close())
  call = restOf(gateway)
  assert.deepEqual((await call('GET', '/mcp-services/tools')).body.access, access)
  assert.equal((await call('POST', '/seed', exported)).body.unchanged, 1)
  const { access: _, ...bare } = exported.services[0]
  assert.equal((await call('POST', '/seed', { ...exported, services: [bare] })).body.updated, 1)
  assert.equal('access' in (await call('GET', '/mcp-services/tools')).body, false, 'a seed says all of a service')
  assert.equal((await call('POST', '/seed', exported)).body.updated, 1)
  assert.equal('access' in (await call('PATCH', '/mcp-services/tools', { access: null })).body, false)
})

test('what a dry run would refuse is counted', async (t) => {
  const gateway = await startGateway()
  t.after(gateway.close)
  const { url, apiKeys } = await gateway.createService({
    ...service,
    access: { mode: 'dryRun', rules: [{ tools: ['whoami'] }], limits: { requestsPerMinute: 1 } },
  })
  const authorization = `Bearer ${apiKeys[0]?.key}`
  for (let count = 0; count < 2; count++) {
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { message: 'hi' } } }
    const headers = { 'content-type': 'application/json', authorization }
    assert.equal((await fetch(url, { method: 'POST', headers, body: JSON.stringify(call) })).status, 200)
  }
  const authorized = { headers: { authorization: `Bearer ${gateway.adminToken}` } }
  const metrics = await (await fetch(`${gateway.url}/metrics`, authorized)).text()
  const countOf = (reason: string) =>
    new RegExp(`^postern_events_total\\{.*reason="${reason}".*\\} (\\d+)$`, 'm').exec(metrics)?.[1]
  assert.deepEqual([countOf('would_refuse'), countOf('would_throttle')], ['2', '1'])
})
