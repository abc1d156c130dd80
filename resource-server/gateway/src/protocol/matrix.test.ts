/** Each client (SDK v1; SDK v2 as it comes; SDK v2 pinned to 2026-07-28) with each kind of backend of each era. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { petsDocument, sendJson, serveApi } from '../backends/openapi/fixtures/api.ts'
import type { BackendConfig } from '../backends/types.ts'
import { connectV1, connectV2, modern } from './fixtures/clients.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'
import { everything, startEverythingHttp, startModern } from './fixtures/upstreams.ts'

type Connect = (url: string, token: string) => ReturnType<typeof connectV1> | ReturnType<typeof connectV2>

const clients: readonly (readonly [string, Connect])[] = [
  ['v1', connectV1],
  ['v2', connectV2],
  ['v2 pinned', (url, token) => connectV2(url, token, modern)],
]

async function open(backend: BackendConfig): Promise<TestGateway & { readonly url: string; readonly key: string }> {
  const gateway = await startTestGateway({ services: [{ id: 'svc', path: '/mcp', backend }] })
  const key = await gateway.catalog.addKey('svc', { name: 'laptop' })
  return { ...gateway, url: `${gateway.origin}/mcp`, key }
}

function firstText(result: object): string {
  const content = 'content' in result && Array.isArray(result.content) ? result.content : []
  return content.find((block) => block.type === 'text')?.text ?? ''
}

/** What server-everything does, by whatever client and over whatever transport to it. */
async function exerciseEverything(client: Awaited<ReturnType<Connect>>): Promise<void> {
  const { tools } = await client.listTools()
  const structuredTool = tools.find(({ name }) => name === 'get-structured-content')
  assert.ok(structuredTool?.outputSchema, 'schemas arrive')

  assert.equal(
    firstText(await client.callTool({ name: 'echo', arguments: { message: 'Grüß Gott ✓' } })),
    'Echo: Grüß Gott ✓',
  )
  const structured = await client.callTool({ name: 'get-structured-content', arguments: { location: 'Chicago' } })
  assert.deepEqual(Object.keys(structured.structuredContent ?? {}).sort(), ['conditions', 'humidity', 'temperature'])
  const image = await client.callTool({ name: 'get-tiny-image', arguments: {} })
  assert.ok(JSON.stringify(image).includes('image/png'))

  const { prompts } = await client.listPrompts()
  assert.ok(prompts.some(({ name }) => name === 'args-prompt'))
  const prompt = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Ulm' } })
  assert.match(JSON.stringify(prompt.messages), /Ulm/)

  const { resources } = await client.listResources()
  const [first] = resources
  assert.ok(first)
  const { contents } = await client.readResource({ uri: first.uri })
  assert.equal(contents[0]?.uri, first.uri)
  const { resourceTemplates } = await client.listResourceTemplates()
  assert.ok(resourceTemplates.length > 0)

  const completion = await client.complete({
    ref: { type: 'ref/prompt', name: 'completable-prompt' },
    argument: { name: 'department', value: 'E' },
  })
  assert.deepEqual(completion.completion.values, ['Engineering'])

  const progress: unknown[] = []
  const long = { name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 2 } }
  const onprogress = (step: { progress: number; total?: number | undefined }) =>
    progress.push([step.progress, step.total])
  const done = await callWithProgress(client, long, onprogress)
  assert.match(firstText(done), /completed/)
  assert.deepEqual(progress, [
    [1, 2],
    [2, 2],
  ])

  await assert.rejects(
    async () => {
      const result = await client.callTool({ name: 'no-such-tool', arguments: {} })
      if (result.isError === true) throw new Error(firstText(result))
    },
    /no-such-tool/,
    'the backend’s own words',
  )
  await assert.rejects(client.getPrompt({ name: 'no-such-prompt' }), { code: -32602 })

  const texts = await Promise.all(
    Array.from({ length: 25 }, (_, n) =>
      client.callTool({ name: 'get-sum', arguments: { a: n, b: 1 } }).then(firstText),
    ),
  )
  for (const [n, text] of texts.entries()) assert.match(text, new RegExp(`\\b${n + 1}\\.?$`))
}

/** The generations differ in where the options stand. */
async function callWithProgress(
  client: Awaited<ReturnType<Connect>>,
  params: { name: string; arguments: Record<string, unknown> },
  onprogress: (step: { progress: number; total?: number | undefined }) => void,
): Promise<object> {
  if (isV1(client)) return await client.callTool(params, undefined, { onprogress })
  return await client.callTool(params, { onprogress })
}

function isV1(client: Awaited<ReturnType<Connect>>): client is Awaited<ReturnType<typeof connectV1>> {
  return !('getProtocolEra' in client) && !('discover' in client)
}

for (const [name, connect] of clients) {
  test(`${name} × builtin`, async (t) => {
    const { url, key, close } = await open({ type: 'builtin' })
    t.after(close)
    const client = await connect(url, key)
    const { tools } = await client.listTools()
    assert.deepEqual(
      tools.map((tool) => tool.name),
      ['whoami', 'echo', 'current_time'],
    )
    const { structuredContent } = await client.callTool({ name: 'whoami', arguments: {} })
    assert.deepEqual(structuredContent, {
      kind: 'api-key',
      subject: 'apikey:key-1',
      clientId: 'apikey:key-1',
      scopes: [],
      apiKeyName: 'laptop',
    })
    assert.equal(firstText(await client.callTool({ name: 'echo', arguments: { message: 'hi' } })), 'hi')
    const time = await client.callTool({ name: 'current_time', arguments: { timeZone: 'Asia/Shanghai' } })
    assert.match(firstText(time), /Asia\/Shanghai/)
    const mistake = await client.callTool({ name: 'current_time', arguments: { timeZone: 'Mars/Base' } })
    assert.equal(mistake.isError, true)
    await assert.rejects(client.callTool({ name: 'nothing', arguments: {} }), { code: -32602 })
    await client.close()
  })

  test(`${name} × an API`, async (t) => {
    const api = await serveApi(({ url: path }, res) => sendJson(res, 200, { path }))
    const { url, key, close } = await open({ type: 'openapi', document: petsDocument(), baseUrl: api.url })
    t.after(async () => {
      await close()
      await api.close()
    })
    const client = await connect(url, key)
    const { tools } = await client.listTools()
    assert.ok(tools.some((tool) => tool.name === 'getPet'))
    assert.match(firstText(await client.callTool({ name: 'getPet', arguments: { id: '7' } })), /\/pets\/7/)
    await assert.rejects(client.callTool({ name: 'nothing', arguments: {} }), { code: -32602 })
    await client.close()
  })

  test(`${name} × server-everything over stdio`, async (t) => {
    const { url, key, close } = await open(everything)
    t.after(close)
    const client = await connect(url, key)
    await exerciseEverything(client)
    assert.equal(client.getServerVersion()?.name, 'mcp-servers/everything')
    assert.match(client.getInstructions() ?? '', /Everything/)
    await client.close()
  })

  test(`${name} × server-everything over HTTP`, async (t) => {
    const upstream = await startEverythingHttp()
    const { url, key, close } = await open({ type: 'http', url: upstream.url })
    t.after(async () => {
      await close()
      await upstream.close()
    })
    const client = await connect(url, key)
    await exerciseEverything(client)
    await client.close()
  })

  for (const legacy of ['reject', 'stateless'] as const) {
    test(`${name} × an HTTP backend of 2026-07-28${legacy === 'stateless' ? ' and 2025-11-25' : ' alone'}`, async (t) => {
      const upstream = await startModern(legacy)
      const { url, key, close } = await open({
        type: 'http',
        url: upstream.url,
        headers: { authorization: 'Bearer backend' },
      })
      t.after(async () => {
        await close()
        await upstream.close()
      })
      const client = await connect(url, key)
      assert.equal(client.getServerVersion()?.name, 'modern')
      const { tools } = await client.listTools()
      assert.deepEqual(
        tools.map((tool) => tool.name),
        ['add', 'wait', 'steps'],
      )
      const added = await client.callTool({ name: 'add', arguments: { a: 40, b: 2 } })
      assert.deepEqual(added.structuredContent, { sum: 42 })
      const progress: number[] = []
      await callWithProgress(client, { name: 'steps', arguments: {} }, (step) => progress.push(step.progress))
      assert.deepEqual(progress, [1, 2, 3])
      assert.deepEqual((await client.readResource({ uri: 'test://one' })).contents, [
        { uri: 'test://one', text: 'the text' },
      ])
      const { messages } = await client.getPrompt({ name: 'greet', arguments: { name: 'Ada' } })
      assert.match(JSON.stringify(messages), /Hello Ada/)
      await client.close()
      assert.deepEqual(
        new Set(upstream.credentials),
        new Set(['Bearer backend']),
        'the caller’s credential is not passed on',
      )
    })
  }
}
