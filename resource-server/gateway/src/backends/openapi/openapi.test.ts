import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { BackendLimits } from '../../limits.ts'
import { caller, openBench, service } from '../fixtures/harness.ts'
import type { JsonObject, RpcOutcome } from '../json-rpc.ts'
import type { OpenapiBackend } from '../types.ts'
import { type Api, petsDocument, type Seen, sendJson, serveApi } from './fixtures/api.ts'
import { documentOf } from './fixtures/documents.ts'

const a = caller('a')

interface Opened {
  readonly api: Api
  readonly reasons: readonly string[]
  call(name: string, args?: JsonObject, signal?: AbortSignal): Promise<RpcOutcome>
  /** The result of a call, its text apart. */
  result(name: string, args?: JsonObject): Promise<{ text: string; structured: unknown; isError: boolean }>
}

async function open(
  t: TestContext,
  answer: Parameters<typeof serveApi>[0],
  backend: Partial<OpenapiBackend> = {},
  limits: Partial<BackendLimits> = {},
): Promise<Opened> {
  const api = await serveApi(answer)
  const bench = await openBench({ limits })
  t.after(() => Promise.all([bench.close(), api.close()]))
  const whole: OpenapiBackend = { type: 'openapi', document: petsDocument(), baseUrl: `${api.url}/v1`, ...backend }
  const { connection } = await bench.backends.connect(service(whole), a)
  const call = (name: string, args: JsonObject = {}, signal?: AbortSignal) =>
    connection.request(
      { method: 'tools/call', params: { name, arguments: args } },
      { caller: a, ...(signal === undefined ? {} : { signal }) },
    )
  return {
    api,
    reasons: bench.reasons,
    call,
    async result(name, args) {
      const outcome = await call(name, args)
      if ('error' in outcome) throw new Error(outcome.error.message)
      const { content, structuredContent, isError } = outcome.result
      const [block] = content as { text: string }[]
      return { text: block?.text ?? '', structured: structuredContent, isError: isError === true }
    },
  }
}

test('a call becomes a request, and the JSON answer text and structured content', async (t) => {
  const answer = (seen: Seen, res: Parameters<Parameters<typeof serveApi>[0]>[1]) => {
    if (seen.method === 'POST') sendJson(res, 201, { id: '7', ...JSON.parse(seen.body) })
    else if (seen.method === 'DELETE') res.writeHead(204).end()
    else sendJson(res, 200, seen.url === '/v1/pets' ? [1, 2] : { url: seen.url })
  }
  const { api, result } = await open(t, answer, { headers: { 'X-Key': 'a-secret-of-ours', Cookie: 'own=1' } })
  const read = await result('getPet', { id: 'a/b ü', fields: ['x', 'y'] })
  assert.deepEqual(read.structured, { url: '/v1/pets/a%2Fb%20%C3%BC?fields=x&fields=y' })
  assert.equal(read.text, JSON.stringify(read.structured))
  assert.deepEqual((await result('addPet', { name: 'Rex' })).structured, { id: '7', name: 'Rex' })
  assert.deepEqual((await result('listPets')).structured, { result: [1, 2] })
  assert.match((await result('deletePet', { id: '7' })).text, /^The API answered HTTP 204 No Content without a body/)
  const headers = api.seen[1]?.headers
  assert.equal(headers?.['x-key'], 'a-secret-of-ours')
  assert.equal(headers?.cookie, 'own=1')
  assert.equal(headers?.['content-type'], 'application/json')
  assert.match(headers?.['user-agent'] ?? '', /^postern-gateway\//)
  assert.equal(headers?.authorization, undefined)
})

test('mistakes of the caller never reach the API', async (t) => {
  const { api, result, call } = await open(t, (_, res) => sendJson(res, 200, {}))
  assert.deepEqual(await result('getPet'), { text: 'id: is missing; give it', structured: undefined, isError: true })
  assert.equal((await result('getPet', { id: '../admin' })).isError, true)
  assert.equal((await result('getPet', { id: '1', host: 'evil' })).isError, true)
  const unknown = await call('nothing')
  assert.equal('error' in unknown && unknown.error.code, -32602)
  assert.equal(api.seen.length, 0)
})

// JSON.parse reads it, JSON.stringify cannot write it.
const deep = `${'['.repeat(8000)}${']'.repeat(8000)}`

const answers: readonly [string, Parameters<typeof serveApi>[0], string | RegExp, boolean][] = [
  ['text', (_, res) => void res.writeHead(200, { 'content-type': 'text/plain' }).end('hello'), 'hello', false],
  [
    'text of another charset',
    (_, res) => void res.writeHead(200, { 'content-type': 'text/plain; charset=latin1' }).end(Buffer.from([0xfc])),
    'ü',
    false,
  ],
  ['an empty body', (_, res) => void res.writeHead(200).end(), 'The API answered HTTP 200 OK without a body.', false],
  [
    'JSON that is none',
    (_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{'),
    '{',
    false,
  ],
  [
    'JSON that is nested too deeply',
    (_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end(deep),
    deep,
    false,
  ],
  [
    'an image',
    (_, res) => void res.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([1, 2, 3])),
    'The API answered with image/png (3 bytes), which is no text.',
    true,
  ],
  [
    'bytes without a name',
    (_, res) => void res.writeHead(200).end(Buffer.from([0xff, 0xfe, 0])),
    'The API answered with something unnamed (3 bytes), which is no text.',
    true,
  ],
  [
    'a refusal',
    (_, res) => sendJson(res, 404, { error: 'no such pet' }),
    'The API answered HTTP 404 Not Found: {"error":"no such pet"}',
    true,
  ],
  [
    'a long refusal',
    (_, res) => void res.writeHead(500).end('x'.repeat(100_000)),
    /^The API answered HTTP 500 Internal Server Error: x{4096}…$/,
    true,
  ],
  [
    'a redirect',
    (_, res) => void res.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end(),
    'The API answered HTTP 302 Found: a redirect, which is not followed.',
    true,
  ],
  [
    'an answer without end',
    (_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      const more = () => {
        while (res.write('data: x\n\n'.repeat(1000)));
      }
      res.on('drain', more)
      more()
    },
    /^The API's answer is longer than 4194304 bytes; ask for less/,
    true,
  ],
  ['a broken connection', (_, res) => void res.destroy(), 'The API could not be reached.', true],
  [
    'a body that breaks off',
    (_, res) => {
      res.writeHead(200, { 'content-length': '100', 'content-type': 'text/plain' })
      res.write('x', () => res.destroy())
    },
    'The API could not be reached.',
    true,
  ],
]

for (const [what, answer, text, isError] of answers) {
  test(`the API answers with ${what}`, async (t) => {
    const { result } = await open(t, answer)
    const found = await result('listPets')
    if (typeof text === 'string') assert.equal(found.text, text)
    else assert.match(found.text, text)
    assert.equal(found.isError, isError)
    assert.equal(found.structured, undefined)
  })
}

test('an answer that breaks its promise is an error, and one that keeps it is none', async (t) => {
  const answers: unknown[] = [{ id: 7 }, [], { id: null, more: 1 }]
  const { result } = await open(t, (_, res) => sendJson(res, 201, answers.shift()))
  assert.equal((await result('addPet', { name: 'x' })).isError, true)
  assert.equal((await result('addPet', { name: 'x' })).isError, true)
  assert.deepEqual((await result('addPet', { name: 'x' })).structured, { id: null, more: 1 })
})

test('an answer that is nested too deeply keeps no promise', async (t) => {
  const { result } = await open(t, (_, res) => {
    res.writeHead(201, { 'content-type': 'application/json' }).end(`{"id":null,"deep":${deep}}`)
  })
  const { isError, structured } = await result('addPet', { name: 'x' })
  assert.deepEqual([isError, structured], [true, undefined])
})

test('what the gateway sends along is not said back to the caller', async (t) => {
  const { result } = await open(t, ({ headers }, res) => sendJson(res, 200, { headers }), {
    headers: { Authorization: 'Bearer a-long-secret-token', 'X-Version': '2024' },
  })
  const { text, structured } = await result('listPets')
  assert.ok(!text.includes('a-long-secret-token'))
  assert.ok(!JSON.stringify(structured).includes('a-long-secret-token'))
  assert.match(text, /2024/)
})

test('an API that does not answer in time, and one that cannot be reached', async (t) => {
  const { result } = await open(t, () => {}, {}, { openapiCallMs: 50 })
  assert.deepEqual(await result('listPets'), {
    text: 'The API did not answer within 0.05 s.',
    structured: undefined,
    isError: true,
  })
  const gone = await serveApi(() => {})
  await gone.close()
  const unreachable = await open(t, () => {}, { baseUrl: gone.url })
  assert.equal((await unreachable.result('listPets')).text, 'The API could not be reached.')
  assert.match(unreachable.reasons[0] ?? '', /ECONNREFUSED/, 'whoever runs the gateway is told more')
})

test('a cancelled call ends at the API', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const left = Promise.withResolvers<void>()
  const { call } = await open(t, (_, res) => {
    res.on('close', () => left.resolve())
    arrived.resolve()
  })
  const abort = new AbortController()
  const waiting = call('listPets', {}, abort.signal)
  await arrived.promise
  abort.abort()
  const outcome = await waiting
  assert.equal('error' in outcome && outcome.problem, 'cancelled')
  await left.promise
})

test('calls under way are bounded', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const { call } = await open(t, () => arrived.resolve(), {}, { inFlight: 1 })
  const first = new AbortController()
  const waiting = call('listPets', {}, first.signal)
  await arrived.promise
  const second = await call('listPets')
  assert.equal('error' in second && second.problem, 'busy')
  first.abort()
  await waiting
})

const document = petsDocument()
const checks: readonly [string, OpenapiBackend, RegExp][] = [
  [
    'a base URL at a link-local address',
    { type: 'openapi', document, baseUrl: 'https://169.254.169.254/latest' },
    /^`https:\/\/169\.254\.169\.254\/latest` cannot be called: its host is at a link-local or metadata address/,
  ],
  [
    'a base URL at a link-local address of IPv6',
    { type: 'openapi', document, baseUrl: 'https://[fe80::1]/' },
    /link-local or metadata address/,
  ],
  [
    'a server at a link-local address',
    { type: 'openapi', document: petsDocument({}, { servers: [{ url: 'https://[::ffff:169.254.169.254]/' }] }) },
    /link-local or metadata address/,
  ],
  [
    'a server without TLS',
    { type: 'openapi', document: petsDocument({}, { servers: [{ url: 'http://169.254.169.254/' }] }) },
    /at `#\/servers\/0\/url`: `http:\/\/169\.254\.169\.254\/` is not https \(http is for this machine alone\); give the backend a baseUrl/,
  ],
  [
    'a server that is a path',
    { type: 'openapi', document: petsDocument({}, { servers: [{ url: '/v1' }] }) },
    /`\/v1` is no absolute URL; give the backend a baseUrl/,
  ],
  [
    'a server with a password',
    { type: 'openapi', document: petsDocument({}, { servers: [{ url: 'https://a:b@api.example' }] }) },
    /holds a user name or a password/,
  ],
  [
    'no server',
    { type: 'openapi', document },
    /at `#\/servers`: the document names no server; give the backend a baseUrl/,
  ],
  [
    'a document of 20 MB',
    { type: 'openapi', document: `openapi: 3.1.0\nx: ${'x'.repeat(20 * 1024 * 1024)}` },
    /it has 20\.0 MiB, and 5\.0 MiB are read/,
  ],
  [
    'a document that is a circle',
    {
      type: 'openapi',
      document: documentOf({ '/a': { $ref: '#/paths/~1b' }, '/b': { $ref: '#/paths/~1a' } }),
      baseUrl: 'https://api.example',
    },
    /at `#\/paths\/~1a`: its \$ref leads round in a circle/,
  ],
]

for (const [what, backend, reason] of checks) {
  test(`refused when it is checked: ${what}`, async (t) => {
    const bench = await openBench()
    t.after(bench.close)
    await assert.rejects(bench.backends.check(service(backend)), { name: 'BackendError', message: reason })
  })
}

test('a check names the tools, takes a server with variables, and says what it left out', async (t) => {
  const api = await serveApi((_, res) => sendJson(res, 200, {}))
  const bench = await openBench()
  t.after(() => Promise.all([bench.close(), api.close()]))
  const servers = [
    {
      url: 'http://127.0.0.1:{port}/{v}',
      variables: { port: { default: new URL(api.url).port }, v: { default: 'v2' } },
    },
  ]
  const trace = { '/up': { post: { requestBody: { content: { 'multipart/form-data': {} } } } } }
  const backend: OpenapiBackend = { type: 'openapi', document: petsDocument(trace, { servers }) }
  const { toolNames, server } = await bench.backends.check(service(backend))
  assert.deepEqual(toolNames, ['getPet', 'deletePet', 'listPets', 'addPet'])
  assert.match(server.instructions ?? '', /cannot be called here:\nPOST \/up: its body is multipart/)
  assert.equal(api.seen.length, 0, 'nothing is called to see whether it can be')
  const { connection } = await bench.backends.connect(service(backend), a)
  await connection.request({ method: 'tools/call', params: { name: 'listPets' } }, { caller: a })
  assert.equal(api.seen[0]?.url, '/v2/pets')
})

test('one document serves all callers, and a new revision ends the old one', async (t) => {
  const api = await serveApi((_, res) => sendJson(res, 200, {}))
  const bench = await openBench()
  t.after(() => Promise.all([bench.close(), api.close()]))
  const backend: OpenapiBackend = { type: 'openapi', document, baseUrl: api.url }
  const one = await bench.backends.connect(service(backend), a)
  const two = await bench.backends.connect(service(backend), caller('b'), { prefer: 'modern' })
  assert.equal(one.connection, two.connection)
  await bench.backends.connect(service(backend, { backendRevision: 2 }), a)
  assert.equal(one.ended.aborted, false, 'it is still held')
  one.release()
  two.release()
  assert.equal(one.ended.aborted, true)
  const outcome = await one.connection.request({ method: 'tools/call', params: { name: 'listPets' } }, { caller: a })
  assert.equal('error' in outcome && outcome.problem, 'closed')
})
