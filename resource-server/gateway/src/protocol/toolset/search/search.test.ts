import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackendConfig } from '../../../backends/types.ts'
import { everything, sequentialThinking } from '../../fixtures/upstreams.ts'
import { parse, post, postModern, rpc } from '../../fixtures/wire.ts'
import { clients, firstText, namesIn, openToolset, type ToolsetGateway } from '../fixtures/open-toolset.ts'

const builtin: BackendConfig = { type: 'builtin' }
const timeout = 60_000

interface Found {
  readonly server_id: string
  readonly server_name: string
  readonly tool_id: string
  readonly tool_name: string
}

/** What the tutorial's notebook does with an answer. */
function found(text: string): Found[] {
  return JSON.parse(text.split('\n')[1] ?? '')
}

function callerOf({ url, key }: Pick<ToolsetGateway, 'url' | 'key'>) {
  return async (name: string, args: object) =>
    parse((await post(url, key, rpc('tools/call', { name, arguments: { ...args } }))).text)
}

function using(...infos: unknown[]) {
  return { use_tool_info: infos }
}

for (const [name, connect] of clients) {
  test(`${name}: finds a tool by what it is for, and calls it`, { timeout }, async (t) => {
    const gateway = await openToolset(
      { own: builtin, every: everything, thinking: sequentialThinking },
      { mode: 'search' },
    )
    t.after(gateway.close)
    const client = await connect(gateway.url, gateway.key)
    assert.deepEqual(Object.keys(client.getServerCapabilities() ?? {}), ['tools'])
    const { tools } = await client.listTools()
    assert.deepEqual(
      tools.map((tool) => tool.name),
      ['mcp_search_tool', 'mcp_use_tool'],
    )
    const task_description = ['what time is it in Shanghai', 'add two numbers']
    const answer = await client.callTool({ name: 'mcp_search_tool', arguments: { task_description } })
    const tools2 = found(firstText(answer))
    assert.ok(tools2.length > 1 && tools2.length <= 10)
    const [time, sum] = tools2
    assert.partialDeepStrictEqual(time, {
      server_id: 'own',
      server_name: 'own',
      tool_id: 'own__current_time',
      tool_name: 'current_time',
    })
    assert.equal(sum?.tool_id, 'every__get-sum')
    const { content } = await client.callTool({
      name: 'mcp_use_tool',
      arguments: using({ ...sum, argument: { a: 1, b: 2 } }, { ...time, argument: {} }),
    })
    const [added, now] = JSON.parse(firstText({ content }))
    assert.match(added.result[0].text, /\b3\b/)
    assert.match(now.result[0].text, /"utc"/)
    await client.close()
  })
}

test('the list is one page: a cursor that nobody was given is none of it', { timeout }, async (t) => {
  const { url, key, close } = await openToolset({ own: builtin }, { mode: 'search' })
  t.after(close)
  for (const cursor of ['made up', '', 1]) {
    const { error, result } = parse((await post(url, key, rpc('tools/list', { cursor }))).text)
    assert.deepEqual([error?.code, error?.message, result], [-32602, 'Invalid cursor', undefined])
  }
})

test('what is asked wrongly is told, and nothing is called', { timeout }, async (t) => {
  const gateway = await openToolset({ own: builtin }, { mode: 'search' })
  t.after(gateway.close)
  const call = callerOf(gateway)
  const own = { server_id: 'own', tool_name: 'echo', argument: { message: 'x' } }
  const table: [string, object, RegExp][] = [
    ['mcp_search_tool', {}, /task_description: give an array of texts/],
    ['mcp_search_tool', { task_description: [1] }, /give an array of texts/],
    ['mcp_search_tool', { task_description: [' '] }, /give an array of texts/],
    ['mcp_search_tool', { task_description: Array(11).fill('x') }, /at most 10 tasks/],
    ['mcp_search_tool', { task_description: ['x'.repeat(1001)] }, /at most 1000 characters/],
    ['mcp_use_tool', {}, /use_tool_info: give an array/],
    ['mcp_use_tool', using(), /use_tool_info: give an array/],
    ['mcp_use_tool', using(...Array(11).fill(own)), /at most 10 tools/],
    ['mcp_use_tool', using('echo'), /use_tool_info\[0\]: give/],
    ['mcp_use_tool', using(own, { ...own, server_id: 7 }), /use_tool_info\[1\]\.server_id/],
    ['mcp_use_tool', using({ ...own, tool_name: '' }), /\.tool_name/],
    ['mcp_use_tool', using({ ...own, tool_id: 'own__whoami' }), /\.tool_id: names another tool/],
    ['mcp_use_tool', using({ ...own, argument: 'no JSON' }), /\.argument: give an object/],
    ['mcp_use_tool', using({ ...own, argument: '[1]' }), /\.argument: give an object/],
  ]
  for (const [name, args, message] of table) {
    const { result } = await call(name, args)
    assert.equal(result?.['isError'], true, JSON.stringify(args).slice(0, 200))
    assert.match(firstText(result ?? {}), message)
  }
  const text = await call('mcp_use_tool', using({ ...own, argument: '{"message":"as a text"}' }))
  assert.deepEqual(JSON.parse(firstText(text.result ?? {})), [{ result: [{ type: 'text', text: 'as a text' }] }])
  assert.equal((await call('own__echo', { message: 'x' })).error?.code, -32602, 'not by its merged name')
  assert.equal((await call('MCP_SEARCH_TOOL', {})).error?.code, -32602)
})

test('nothing is reached that the key is not good for, nor a service outside', { timeout }, async (t) => {
  const gateway = await openToolset({ own: builtin, more: builtin }, { mode: 'search' })
  t.after(gateway.close)
  gateway.catalog.put({ id: 'outside', backend: builtin })
  const key = await gateway.catalog.addKey('set', { name: 'narrow', tools: ['own__echo'] })
  const narrow = { url: gateway.url, key }
  const listed = parse((await post(gateway.url, key, rpc('tools/list'))).text)
  assert.deepEqual(namesIn(listed.result), ['mcp_search_tool', 'mcp_use_tool'])
  const { result } = await callerOf(narrow)('mcp_search_tool', { task_description: ['echo', 'whoami', 'time'] })
  assert.deepEqual(
    found(firstText(result ?? {})).map(({ tool_id }) => tool_id),
    ['own__echo'],
  )
  const status = async (...infos: object[]) => {
    const params = {
      name: 'mcp_use_tool',
      arguments: using(...infos.map((info) => ({ argument: { message: 'x' }, ...info }))),
    }
    const legacy = await post(gateway.url, key, rpc('tools/call', params as never))
    const modern = await postModern(gateway.url, key, 'tools/call', params as never)
    assert.equal(modern.status, legacy.status)
    return legacy.status
  }
  const allowed = { server_id: 'own', tool_name: 'echo' }
  assert.equal(await status(allowed), 200)
  for (const forbidden of [
    { server_id: 'own', tool_name: 'whoami' },
    { server_id: 'more', tool_name: 'echo' },
    { server_id: 'OWN', tool_name: 'echo' },
    { server_id: 'own', tool_name: 'Echo' },
    { server_id: 'outside', tool_name: 'echo' },
  ]) {
    assert.equal(await status(allowed, forbidden), 403, JSON.stringify(forbidden))
  }
  const outside = await callerOf(gateway)('mcp_use_tool', using({ server_id: 'outside', tool_name: 'echo' }))
  assert.deepEqual(JSON.parse(firstText(outside.result ?? {})), [
    { result: [{ type: 'text', text: 'Unknown tool' }], is_error: true },
  ])
})

test('the index is never behind: services come and go, and a failing one hides nothing', { timeout }, async (t) => {
  const dead: BackendConfig = { type: 'stdio', command: process.execPath, args: ['-e', 'process.exit(3)'] }
  const gateway = await openToolset({ own: builtin, dead, late: undefined }, { mode: 'search' })
  t.after(gateway.close)
  const call = callerOf(gateway)
  const servers = async () => {
    const { result } = await call('mcp_search_tool', { task_description: 'echo' })
    return found(firstText(result ?? {})).flatMap((one) => (one.tool_name === 'echo' ? [one.server_id] : []))
  }
  assert.deepEqual(await servers(), ['own'])
  gateway.catalog.put({ id: 'late', backend: builtin })
  assert.deepEqual((await servers()).sort(), ['late', 'own'])
  const { result } = await call(
    'mcp_use_tool',
    using({ server_id: 'dead', tool_name: 'x' }, { server_id: 'own', tool_name: 'echo', argument: { message: 'm' } }),
  )
  const [first, second] = JSON.parse(firstText(result ?? {}))
  assert.match(first.result[0].text, /^Service dead of this toolset: /)
  assert.deepEqual(second, { result: [{ type: 'text', text: 'm' }] })
  const nothing = await call('mcp_search_tool', { task_description: ['qqqq'] })
  assert.match(firstText(nothing.result ?? {}), /^No tool fits these words/)
  assert.equal(found(firstText(nothing.result ?? {})).length, 6)
})

test('a batch has few searches: in the time of each, nobody else is served', { timeout }, async (t) => {
  const gateway = await openToolset({ own: builtin }, { mode: 'search', limits: { batchSearches: 2 } })
  t.after(gateway.close)
  const { catalog, origin, url, key } = gateway
  const batch = (...names: string[]) =>
    names.map((name, id) => rpc('tools/call', { name, arguments: { task_description: ['echo'] } }, id))
  const search = 'mcp_search_tool'
  const tooMany = await post(url, key, batch(search, 'mcp_use_tool', search, search))
  assert.equal(tooMany.status, 400)
  assert.deepEqual(parse(tooMany.text).error, {
    code: -32600,
    message: 'Invalid request: at most 2 searches in one batch; describe several tasks in one mcp_search_tool',
  })
  const some = await post(url, key, batch(search, 'mcp_use_tool', search))
  assert.deepEqual([some.status, JSON.parse(some.text).length], [200, 3])
  // Elsewhere it is a name like any other.
  catalog.put({ id: 'merged', backend: { type: 'toolset', serviceIds: ['own'], mode: 'merged' } })
  const elsewhere = await catalog.addKey('merged', { name: 'k' })
  assert.equal((await post(`${origin}/merged`, elsewhere, batch(search, search, search))).status, 200)
})
