/** Both eras of clients with both eras of backends, over stdio and HTTP: questions, and all else that goes either way. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { eventually } from '../backends/fixtures/harness.ts'
import {
  type Answers,
  type Asked,
  askedModern,
  askedV1,
  askedV2,
  callTool,
  listenToLog,
} from './fixtures/asking-clients.ts'
import { type AskingEra, askingStdio, startAskingHttp } from './fixtures/asking-servers.ts'
import { startTestGateway } from './fixtures/test-gateway.ts'

type Connect = (url: string, token: string, answers?: Answers) => Promise<Asked>

const clients: Record<string, Connect> = { v1: askedV1, v2: askedV2, 'v2 pinned to 2026-07-28': askedModern }
const backends: readonly (readonly ['stdio' | 'http', AskingEra])[] = [
  ['stdio', 'legacy'],
  ['http', 'legacy'],
  ['stdio', 'modern'],
  ['http', 'modern'],
]

function textOf(result: object): unknown {
  const content = 'content' in result && Array.isArray(result.content) ? result.content : []
  const text: string = content[0]?.text ?? 'null'
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(text)
  }
}

async function call(client: Asked, name: string): Promise<unknown> {
  return textOf(await callTool(client, name))
}

interface Setting {
  readonly url: string
  readonly key: string
  readonly connect: Connect
}

async function open(t: TestContext, kind: 'stdio' | 'http', era: AskingEra, connect: Connect): Promise<Setting> {
  const upstream = kind === 'http' ? await startAskingHttp(era) : undefined
  const backend = upstream === undefined ? askingStdio(era) : { type: 'http' as const, url: upstream.url }
  const gateway = await startTestGateway({ services: [{ id: 'svc', path: '/mcp', backend }] })
  const key = await gateway.catalog.addKey('svc', { name: 'laptop' })
  const clients: Asked[] = []
  t.after(async () => {
    for (const client of clients) await client.close()
    await gateway.close()
    await upstream?.close()
  })
  return {
    url: `${gateway.origin}/mcp`,
    key,
    async connect(...args) {
      const client = await connect(...args)
      clients.push(client)
      return client
    },
  }
}

async function exerciseQuestions({ url, key, connect }: Setting): Promise<void> {
  const asked: string[] = []
  const client = await connect(url, key, {
    elicit: async (message) => {
      asked.push(message)
      return { action: 'accept', content: { name: `Ada ${asked.length}` } }
    },
    sample: async () => 'a sample',
    roots: async () => ['file:///a', 'file:///b'],
  })
  assert.equal(await call(client, 'ask-name'), 'Ada 1')
  assert.equal(await call(client, 'sample'), 'a sample')
  assert.deepEqual(await call(client, 'roots'), ['file:///a', 'file:///b'])
  assert.deepEqual(await call(client, 'both'), ['Ada 2', 'a sample'])
  assert.deepEqual(await call(client, 'rounds'), ['Ada 3', 'Ada 4', 'Ada 5'])
  assert.deepEqual(asked.slice(-3), ['Name 1?', 'Name 2?', 'Name 3?'])
  assert.match(JSON.stringify((await client.getPrompt({ name: 'ask' })).messages), /Hello Ada 6/)
  const { contents } = await client.readResource({ uri: 'ask://it' })
  assert.deepEqual(contents, [{ uri: 'ask://it', text: 'Ada 7' }])
  // With many calls under way nothing gets lost, whoever carries a question.
  const many = await Promise.all(Array.from({ length: 8 }, () => call(client, 'sample')))
  assert.deepEqual(new Set(many), new Set(['a sample']))
}

async function exerciseRefusals({ url, key, connect }: Setting): Promise<void> {
  const decliner = await connect(url, key, {
    elicit: async () => ({ action: 'decline' }),
    sample: async () => {
      throw new Error('no model here')
    },
    roots: async () => [],
  })
  assert.equal(await call(decliner, 'ask-name'), 'decline')
  assert.deepEqual(await call(decliner, 'roots'), [])
  await assert.rejects(call(decliner, 'sample'), /no model here/)
}

async function exerciseTheRest({ url, key, connect }: Setting, era: AskingEra, isModernClient: boolean): Promise<void> {
  const client = await connect(url, key)
  const lines: unknown[] = []
  listenToLog(client, (line) => lines.push(line))
  if (!isModernClient) await client.setLoggingLevel('info')
  const steps: unknown[] = []
  await callTool(client, 'steps', {
    onprogress: ({ progress, total }) => steps.push([progress, total]),
    ...(isModernClient ? { logLevel: 'info' } : {}),
  })
  assert.deepEqual(
    steps,
    [1, 2, 3].map((step) => [step, 3]),
  )
  assert.deepEqual(lines, ['an info line'])
  const ref = { type: 'ref/prompt' as const, name: 'greet' }
  const { completion } = await client.complete({ ref, argument: { name: 'city', value: 'U' } })
  assert.deepEqual(completion.values, ['Ulm', 'Ulaanbaatar'])
  assert.ok((await client.listTools()).tools.some(({ name }) => name === 'both'))
  assert.deepEqual((await client.readResource({ uri: 'test://one' })).contents, [
    { uri: 'test://one', text: 'the text' },
  ])
  // One and the same process or server hears of the cancellation and tells of it afterwards.
  const before = ((await call(client, 'waited')) as unknown[]).length
  const abort = new AbortController()
  const waiting = callTool(client, 'wait', { signal: abort.signal })
  const ended = assert.rejects(waiting)
  setTimeout(() => abort.abort(), 100)
  await ended
  await eventually(async () => ((await call(client, 'waited')) as unknown[]).length > before, `cancelled (${era})`)
}

/** A toolset asks with the voices of its services, each of its own era. */
async function exerciseToolset(t: TestContext, connect: Connect): Promise<void> {
  const upstream = await startAskingHttp('modern')
  const services = [
    { id: 'old', backend: askingStdio('legacy') },
    { id: 'new', backend: { type: 'http' as const, url: upstream.url } },
    {
      id: 'set',
      path: '/set',
      backend: { type: 'toolset' as const, serviceIds: ['old', 'new'], mode: 'merged' as const },
    },
  ]
  const gateway = await startTestGateway({ services })
  const client = await connect(`${gateway.origin}/set`, await gateway.catalog.addKey('set', { name: 'laptop' }))
  t.after(async () => {
    await client.close()
    await gateway.close()
    await upstream.close()
  })
  for (const member of ['old', 'new']) {
    assert.equal(await call(client, `${member}__ask-name`), 'Ada')
    assert.equal(await call(client, `${member}__sample`), 'sampled for Ada')
    assert.deepEqual(await call(client, `${member}__both`), ['Ada', 'sampled for Ada'])
    assert.deepEqual(await call(client, `${member}__rounds`), ['Ada', 'Ada', 'Ada'])
  }
}

for (const [name, connect] of Object.entries(clients)) {
  for (const [kind, era] of backends) {
    test(`${name} × ${kind} of the ${era} era`, async (t) => {
      const setting = await open(t, kind, era, connect)
      await exerciseQuestions(setting)
      await exerciseRefusals(setting)
      await exerciseTheRest(setting, era, connect === askedModern)
    })
  }
  test(`${name} × a toolset of both eras`, (t) => exerciseToolset(t, connect))
}
