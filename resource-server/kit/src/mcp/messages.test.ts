import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import { Refusal } from '../refusal.ts'
import { fromFetchRequest, type InboundRequest, type RequestBody } from '../request.ts'
import { readMessages } from './messages.ts'

const json = { 'content-type': 'application/json' }

function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json): InboundRequest {
  return fromFetchRequest(new Request('https://mcp.example/mcp', { method: 'POST', headers, body }))
}

function given(body: RequestBody | undefined, headers: Record<string, string> = json): InboundRequest {
  const header = (name: string) => headers[name]
  return { method: 'POST', url: '/mcp', header, ...(body === undefined ? {} : { body: () => body }) }
}

async function read(request: InboundRequest): Promise<readonly unknown[]> {
  return await readMessages(request)
}

async function refuses(request: InboundRequest, kind: string): Promise<void> {
  await assert.rejects(
    async () => read(request),
    (error) => error instanceof Refusal && error.kind === kind,
  )
}

test('one message or a batch, whatever parsed it', async () => {
  const message = { method: 'ping' }
  const text = JSON.stringify(message)
  assert.deepEqual(await read(post(text)), [message, undefined])
  assert.deepEqual(await read(post(`[${text},${text}]`)), [message, message, undefined])
  assert.deepEqual(await read(post(`\uFEFF${text}`)), [message, undefined])
  for (const parsed of [message, [message], text, new TextEncoder().encode(text)]) {
    assert.deepEqual(await read(given({ parsed })), [message])
  }
  const bytes = new TextEncoder().encode('{"method":"a"}')
  assert.deepEqual(await read(given({ bytes, parsed: message })), [{ method: 'a' }, message])
})

test('methods that carry nothing are not read', async () => {
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
    assert.deepEqual(await read({ ...given('gone', {}), method, rawHeaders: [] }), [])
    assert.deepEqual(await read({ ...given('gone', { 'content-length': '0' }), method, rawHeaders: [] }), [])
    assert.deepEqual(await read(fromFetchRequest(new Request('https://mcp.example/mcp', { method }))), [undefined])
  }
  for (const method of ['PUT', 'PATCH', 'post', 'QUERY']) await refuses({ ...given('gone'), method }, 'server_error')
})

test('a body counts whatever the method, for there are handlers that act on it', async () => {
  const body = { bytes: new TextEncoder().encode('{"method":"a"}') }
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'get']) {
    for (const announced of [{ 'content-length': '14' }, { 'transfer-encoding': 'chunked' }, { ':method': method }]) {
      const request = { ...given(body, { ...json, ...announced }), method, rawHeaders: [] }
      assert.deepEqual(await read(request), [{ method: 'a' }, undefined])
    }
  }
  const init = { method: 'DELETE', body: '{"method":"a"}', headers: json }
  const request = fromFetchRequest(new Request('https://mcp.example/mcp', init))
  assert.deepEqual(await read(request), [{ method: 'a' }, undefined])
})

test('JSON by its type, but not in fact, is for the transport to answer', async () => {
  for (const type of [
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/mcp+json',
    ' application/json ;x',
  ]) {
    assert.deepEqual(await read(post('{"method":', { 'content-type': type })), [undefined, undefined])
  }
  assert.deepEqual(await read(post('')), [undefined])
})

test('JSON in fact counts, whatever its type', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    assert.deepEqual((await read(post('{"method":"a"}', { 'content-type': type })))[0], { method: 'a' })
  }
})

test('a body that others might read as something else does not pass', async () => {
  await refuses(
    post('jsonrpc=2.0&method=tools/call', { 'content-type': 'application/x-www-form-urlencoded' }),
    'body_unreadable',
  )
  for (const encoding of ['gzip', 'br', 'identity, gzip', 'GZIP', 'x']) {
    await refuses(post('{}', { ...json, 'content-encoding': encoding }), 'body_unreadable')
  }
  for (const charset of ['utf-16', 'UTF-16LE', '"utf-32"', 'utf-7', 'latin1', "'utf-16'"]) {
    await refuses(post('{}', { 'content-type': `application/json; charset=${charset}` }), 'body_unreadable')
    await refuses(
      post('{}', { 'content-type': `application/json; charset=utf-8; charset=${charset}` }),
      'body_unreadable',
    )
  }
  for (const plain of ['utf-8', 'UTF8', '"utf-8"', 'us-ascii']) {
    await read(post('{}', { 'content-type': `application/json; charset=${plain}`, 'content-encoding': 'identity' }))
  }
})

test('what a body parser made of an encoded body counts instead', async () => {
  const headers = { ...json, 'content-encoding': 'gzip' }
  assert.deepEqual(await read(given({ parsed: { method: 'a' } }, headers)), [{ method: 'a' }])
})

test('a body above the limit does not pass, announced or not', async () => {
  const long = ' '.repeat(limits.operationBodyBytes + 1)
  await refuses(post(long), 'body_too_long')
  await refuses(post(long, { ...json, 'content-length': `${long.length}` }), 'body_too_long')
  assert.deepEqual(await read(post(long.slice(1))), [undefined, undefined])
})

test('a body that is not to be had does not pass', async () => {
  await refuses(given(undefined), 'server_error')
  await refuses(given('gone'), 'server_error')
  await refuses(given('cut_off'), 'body_unreadable')
  const request = new Request('https://mcp.example/mcp', { method: 'POST', body: '{}', headers: json })
  await request.text()
  await refuses(fromFetchRequest(request), 'server_error')
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
  const init = { method: 'POST', body: broken, headers: json, duplex: 'half' } as RequestInit
  await refuses(fromFetchRequest(new Request('https://mcp.example/mcp', init)), 'body_unreadable')
})

test('the request can be read afterwards', async () => {
  const request = new Request('https://mcp.example/mcp', { method: 'POST', body: '{"method":"a"}', headers: json })
  await read(fromFetchRequest(request))
  await read(fromFetchRequest(request))
  assert.deepEqual(await request.json(), { method: 'a' })
})
