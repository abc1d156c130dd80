import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { BackendConfig } from '../../backends/types.ts'
import { connectV1 } from '../fixtures/clients.ts'
import { everything, sequentialThinking, startModern } from '../fixtures/upstreams.ts'
import { auth, initialize, openStream, parse, post, rpc } from '../fixtures/wire.ts'
import { encodePlace } from './cursor.ts'
import { clients, firstText, namesIn, openToolset } from './fixtures/open-toolset.ts'

const builtin: BackendConfig = { type: 'builtin' }
const oddServer = join(import.meta.dirname, '..', '..', 'backends', 'fixtures', 'odd-server.ts')
const odd: BackendConfig = { type: 'stdio', command: process.execPath, args: [oddServer] }
const dead: BackendConfig = { type: 'stdio', command: process.execPath, args: ['-e', 'process.exit(3)'] }
const mute: BackendConfig = { type: 'stdio', command: process.execPath, args: [oddServer, 'mute'] }

for (const [name, connect] of clients) {
  test(`${name}: services of every kind and era as one`, { timeout: 60_000 }, async (t) => {
    const upstream = await startModern()
    const remote: BackendConfig = { type: 'http', url: upstream.url }
    const gateway = await openToolset({ own: builtin, every: everything, thinking: sequentialThinking, remote })
    t.after(async () => {
      await gateway.close()
      await upstream.close()
    })
    const client = await connect(gateway.url, gateway.key)
    assert.equal(client.getServerVersion()?.name, 'All of it')
    const { tools: canTools, prompts: canPrompts, resources: canResources } = client.getServerCapabilities() ?? {}
    assert.deepEqual([canTools, canPrompts?.listChanged, canResources?.subscribe], [{ listChanged: true }, true, true])
    assert.match(client.getInstructions() ?? '', /# remote\n\nBe modern\./)

    const { tools } = await client.listTools()
    const names = tools.map((tool) => tool.name)
    assert.deepEqual(names.slice(0, 3), ['own__whoami', 'own__echo', 'own__current_time'])
    for (const one of ['every__echo', 'thinking__sequentialthinking', 'remote__add'])
      assert.ok(names.includes(one), one)
    const call = (tool: string, args: Record<string, unknown>) => client.callTool({ name: tool, arguments: args })
    assert.equal(firstText(await call('own__echo', { message: 'one' })), 'one')
    assert.equal(firstText(await call('every__echo', { message: 'two' })), 'Echo: two')
    assert.deepEqual((await call('remote__add', { a: 40, b: 2 })).structuredContent, { sum: 42 })
    const who = await call('own__whoami', {})
    assert.equal((who.structuredContent as { apiKeyName?: string } | undefined)?.apiKeyName, 'laptop')

    const { prompts } = await client.listPrompts()
    assert.ok(prompts.some((prompt) => prompt.name === 'remote__greet'))
    const greeting = await client.getPrompt({ name: 'remote__greet', arguments: { name: 'Ada' } })
    assert.match(JSON.stringify(greeting.messages), /Hello Ada/)
    const completion = await client.complete({
      ref: { type: 'ref/prompt', name: 'every__completable-prompt' },
      argument: { name: 'department', value: 'E' },
    })
    assert.deepEqual(completion.completion.values, ['Engineering'])

    const { resources } = await client.listResources()
    for (const { uri } of [resources[0], resources.at(-1)].filter((one) => one !== undefined)) {
      assert.equal((await client.readResource({ uri })).contents[0]?.uri, uri)
    }
    await client.close()
  })
}

test('names lead to the tool that they are of, and no spelling leads elsewhere', { timeout: 60_000 }, async (t) => {
  const gateway = await openToolset({ a: builtin, b: builtin })
  t.after(gateway.close)
  const { url, key } = gateway
  gateway.catalog.put({ id: 'outside', backend: builtin })
  const call = async (name: string) =>
    parse((await post(url, key, rpc('tools/call', { name, arguments: { message: 'x' } }))).text)
  assert.equal(firstText((await call('b__echo')).result ?? {}), 'x')
  const wrong = ['echo', 'A__echo', 'a__Echo', 'a__echo ', ' a__echo', 'а__echo', 'a＿＿echo', 'a_echo', 'a__b__echo']
  for (const name of [...wrong, 'outside__echo', 'set__echo', '__proto____echo']) {
    assert.equal((await call(name)).error?.code, -32602, name)
  }
  for (const [method, params] of [
    ['prompts/get', { name: 'nobody__greet' }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'n', value: '' } }],
    ['resources/read', {}],
    ['tools/list', { cursor: 'made up' }],
  ] as const) {
    assert.equal(parse((await post(url, key, rpc(method, params))).text).error?.code, -32602, method)
  }
  assert.equal(parse((await post(url, key, rpc('tasks/list'))).text).error?.code, -32601)
})

test('two services with the same resources: each is read where it is of', { timeout: 60_000 }, async (t) => {
  const gateway = await openToolset({ one: everything, two: everything })
  t.after(gateway.close)
  const client = await connectV1(gateway.url, gateway.key)
  const { resources } = await client.listResources()
  const uris = resources.map(({ uri }) => uri)
  assert.equal(new Set(uris).size, uris.length)
  const [first = ''] = uris
  assert.ok(uris.includes(`mcp.two+${first}`))
  for (const uri of [first, `mcp.two+${first}`]) {
    assert.equal((await client.readResource({ uri })).contents[0]?.uri, uri)
  }
  const { resourceTemplates } = await client.listResourceTemplates()
  const templates = resourceTemplates.map(({ uriTemplate }) => uriTemplate)
  assert.ok(templates.some((template) => template.startsWith('mcp.two+')))
  const [template = ''] = templates
  const made = template.replace(/\{[^}]*\}/, '7')
  assert.equal((await client.readResource({ uri: made })).contents[0]?.uri, made, 'one that a template made')
  const linked = await client.callTool({ name: 'two__get-resource-links', arguments: { count: 2 } })
  for (const block of linked.content as { type: string; uri?: string }[]) {
    if (block.type === 'resource_link') await client.readResource({ uri: block.uri ?? '' })
  }
  await assert.rejects(client.readResource({ uri: 'demo://nowhere/at/all' }))
  await client.close()
})

test('a service that fails, is slow or is not ready takes nothing else down, and comes back by itself', {
  timeout: 60_000,
}, async (t) => {
  const members = { good: builtin, dead, mute, waiting: undefined }
  const toolsetLimits = { introduceMs: 300, listMs: 300, retryMs: 20 }
  const gateway = await openToolset(members, { toolsetLimits })
  t.after(gateway.close)
  const { url, key, catalog, logged, events } = gateway
  const list = async () => {
    const { result } = parse((await post(url, key, rpc('tools/list'))).text)
    return namesIn(result)
  }
  const session = await initialize(url, key)
  const three = ['good__whoami', 'good__echo', 'good__current_time']
  assert.deepEqual(await list(), three)
  const left = logged.filter((line) => JSON.stringify(line).includes('left out'))
  assert.deepEqual(
    new Set(left.map((line) => (line as { serviceId: string }).serviceId)),
    new Set(['dead', 'mute', 'waiting']),
  )
  assert.ok(
    events.some(
      ({ kind, serviceId, outcome }) => kind === 'backend.state' && serviceId === 'set' && outcome === 'error',
    ),
  )
  const { error } = parse((await post(url, key, rpc('tools/call', { name: 'dead__x' }))).text)
  assert.match(error?.message ?? '', /^Service dead of this toolset: /)
  assert.deepEqual([error?.code, error?.data?.['serviceId']], [-32603, 'dead'])
  const waiting = parse((await post(url, key, rpc('tools/call', { name: 'waiting__echo' }))).text)
  assert.match(waiting.error?.message ?? '', /^Service waiting of this toolset: it is not ready\.$/)

  const stream = await openStream(url, { method: 'GET', headers: { ...auth(key), 'mcp-session-id': session } })
  catalog.put({ id: 'waiting', backend: builtin })
  assert.equal((await stream.next())?.['method'], 'notifications/tools/list_changed')
  stream.close()
  assert.deepEqual(await list(), [...three, ...three.map((name) => name.replace('good', 'waiting'))])
})

test('pages, however the lists of the services are cut', { timeout: 60_000 }, async (t) => {
  const gateway = await openToolset({ a: odd, b: builtin }, { toolsetLimits: { pageItems: 4 } })
  t.after(gateway.close)
  const client = await connectV1(gateway.url, gateway.key)
  const names: string[] = []
  let cursor: string | undefined
  let pages = 0
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor })
    assert.ok(page.tools.length <= 4)
    names.push(...page.tools.map(({ name }) => name))
    cursor = page.nextCursor
    pages += 1
  } while (cursor !== undefined)
  const start = { serviceId: 'a', offset: 0 }
  const whole = namesIn(
    parse((await post(gateway.url, gateway.key, rpc('tools/list', { cursor: encodePlace(start) }))).text).result,
  )
  assert.deepEqual([names[0], names.slice(0, 4), names.at(-1)], ['a__pid', whole, 'b__current_time'])
  assert.ok(pages > 3)
  assert.deepEqual([pages, new Set(names).size], [Math.ceil(names.length / 4), names.length])
  await client.close()
})

test('a tool whose name is too long with its service’s can be called all the same', { timeout: 60_000 }, async (t) => {
  const id = `a${'b'.repeat(60)}`
  const long = 'x'.repeat(100)
  const script = `
    const tools = [{ name: '${long}', inputSchema: { type: 'object' } }]
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method, params } = JSON.parse(line)
      if (id === undefined) return
      const serverInfo = { name: 'long', version: '1' }
      const result = method === 'initialize' ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo }
        : method === 'tools/list' ? { tools } : { content: [{ type: 'text', text: params.name }] }
      console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })`
  const gateway = await openToolset({ [id]: { type: 'stdio', command: process.execPath, args: ['-e', script] } })
  t.after(gateway.close)
  const client = await connectV1(gateway.url, gateway.key)
  const [tool] = (await client.listTools()).tools
  assert.equal(tool?.name.length, 128)
  assert.equal(firstText(await client.callTool({ name: tool?.name ?? '', arguments: {} })), long)
  await client.close()
})

test('what a service says unasked arrives, and a cancelled call is cancelled there', { timeout: 60_000 }, async (t) => {
  const gateway = await openToolset({ quiet: builtin, a: odd })
  t.after(gateway.close)
  const { url, key } = gateway
  const session = { 'mcp-session-id': await initialize(url, key) }
  const call = (name: string, args = {}, id = 1) =>
    post(url, key, rpc('tools/call', { name, arguments: args }, id), session)
  const subscribed = await post(url, key, rpc('resources/subscribe', { uri: 'mcp.a+test://one' }), session)
  assert.ok(parse(subscribed.text).result)
  const stream = await openStream(url, { method: 'GET', headers: { ...auth(key), ...session } })
  await call('a__announce')
  assert.equal((await stream.next())?.['method'], 'notifications/tools/list_changed')
  const updated = await stream.next()
  assert.equal(updated?.['method'], 'notifications/resources/updated')
  const steps = await post(
    url,
    key,
    rpc('tools/call', { name: 'a__steps', arguments: {}, _meta: { progressToken: 'mine' } }),
    session,
  )
  assert.equal(steps.text.match(/"progressToken":"mine"/g)?.length, 3)
  const log = await call('a__log')
  assert.match(log.text, /"logger":"a"/)
  const hanging = call('a__hang', { name: 'h' }, 77)
  await post(url, key, rpc('ping'), session)
  await call('a__pid')
  await post(url, key, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 77 } }, session)
  await hanging
  assert.match((await call('a__cancelled')).text, /cancelled by the caller/)
  stream.close()
})

test('callers of a toolset do not share a process', { timeout: 60_000 }, async (t) => {
  const gateway = await openToolset({ a: odd })
  t.after(gateway.close)
  const other = await gateway.catalog.addKey('set', { name: 'other' })
  const remember = async (key: string, value: string) => {
    const params = { name: 'a__remember', arguments: { value } }
    return firstText(parse((await post(gateway.url, key, rpc('tools/call', params))).text).result ?? {})
  }
  assert.equal(await remember(gateway.key, 'mine'), '["mine"]')
  assert.equal(await remember(other, 'theirs'), '["theirs"]')
})

test('an API key’s tools are those of the toolset', { timeout: 60_000 }, async (t) => {
  const gateway = await openToolset({ a: builtin, b: builtin })
  t.after(gateway.close)
  const narrow = await gateway.catalog.addKey('set', { name: 'narrow', tools: ['a__echo'] })
  const { result } = parse((await post(gateway.url, narrow, rpc('tools/list'))).text)
  assert.deepEqual(namesIn(result), ['a__echo'])
  const statusOf = async (name: string) =>
    (await post(gateway.url, narrow, rpc('tools/call', { name, arguments: { message: 'x' } }))).status
  assert.deepEqual(await Promise.all(['a__echo', 'b__echo', 'echo'].map(statusOf)), [200, 403, 403])
})
