import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { serveSessions } from './backends/fixtures/http-servers.ts'
import { eventually, restOf } from './testing/rest.ts'
import { type Gateway, startGateway, type TestService } from './testing/start-gateway.ts'

const builtin = { type: 'builtin' as const }

interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** Sends bytes as they are, and reads until the server ends the connection. */
async function raw(port: number, text: string): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8')
  let answer = ''
  socket.on('data', (chunk: string) => {
    answer += chunk
  })
  socket.on('error', () => {})
  socket.write(text)
  await once(socket, 'close')
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0), head, body: rest.join('\r\n\r\n') }
}

const call = (method: string, params: object = {}, id: unknown = 1) =>
  JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params })

describe('attacks on the MCP endpoint', () => {
  const clock = createTestClock(Date.now())
  let gateway: Gateway
  let port: number
  let keyed: TestService
  let key: string
  let other: TestService
  let otherKey: string

  before(async () => {
    gateway = await startGateway({ clock })
    port = Number(new URL(gateway.url).port)
    keyed = await gateway.createService({
      name: 'keyed',
      path: '/keyed',
      backend: builtin,
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }, { name: 'few', tools: ['echo'] }] }],
    })
    other = await gateway.createService({
      name: 'other',
      path: '/other',
      backend: builtin,
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }],
    })
    key = keyed.apiKeys[0]?.key ?? ''
    otherKey = other.apiKeys[0]?.key ?? ''
  })
  after(() => gateway.close())

  function request(
    headers: readonly string[] = [`Authorization: Bearer ${key}`],
    { target = '/keyed', body = call('tools/list'), method = 'POST', host = `localhost:${port}` } = {},
  ): Promise<RawAnswer> {
    const lines = [
      `${method} ${target} HTTP/1.1`,
      ...(host === '' ? [] : [`Host: ${host}`]),
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      ...headers,
    ]
    return raw(port, `${lines.join('\r\n')}\r\n\r\n${body}`)
  }

  test('the request that all others are variations of: 200', async () => {
    const { status, body } = await request()
    assert.equal(status, 200)
    assert.match(body, /whoami/)
  })

  for (const [what, headers] of [
    ['the same key', () => [key, key]],
    ['a bad one and a good one', () => ['x', key]],
    ['a good one and a bad one', () => [key, 'x']],
  ] as const) {
    test(`two Authorization headers, ${what}: refused, whichever a proxy would have looked at`, async () => {
      const { status } = await request(headers().map((one) => `Authorization: Bearer ${one}`))
      assert.equal(status, 400)
    })
  }

  test('a key in other places and spellings than the header: 401 or 400, never in', async () => {
    for (const [headers, target] of [
      [[], `/keyed?access_token=${key}`],
      [[], `/keyed?api_key=${key}`],
      [[`X-Api-Key: ${key}`], '/keyed'],
      [[`Cookie: access_token=${key}`], '/keyed'],
      [[`Authorization: Basic ${Buffer.from(`x:${key}`).toString('base64')}`], '/keyed'],
      [[`Authorization: Bearer  ${key.toUpperCase()}`], '/keyed'],
      [[`Authorization: Bearer ${key}, Bearer ${key}`], '/keyed'],
      [[`Authorization: Bearer ${key}x`], '/keyed'],
      [[`Authorization: Bearer ${key.slice(0, -1)}`], '/keyed'],
      [[`Authorization: Bearer ${gateway.adminToken}`], '/keyed'],
    ] as const) {
      const { status } = await request(headers, { target })
      assert.ok(status === 401 || status === 400, `${target} ${headers.join()}: ${status}`)
    }
  })

  test('a key of another service, of one that is gone, and one that has expired: 401', async () => {
    assert.equal((await request([`Authorization: Bearer ${otherKey}`])).status, 401)
    const rest = restOf(gateway)
    const service = await gateway.createService({
      name: 'brief',
      path: '/brief',
      backend: builtin,
      authorizers: [
        {
          type: 'ApiKey',
          apiKeys: [{ name: 'brief', expiresAt: new Date(clock.now() + 60_000).toISOString() }, { name: 'long' }],
        },
      ],
    })
    const [brief = '', long = ''] = service.apiKeys.map((one) => one.key)
    const ask = async (one: string) => (await request([`Authorization: Bearer ${one}`], { target: '/brief' })).status
    assert.equal(await ask(brief), 200)
    clock.advance(60_001)
    assert.deepEqual([await ask(brief), await ask(long)], [401, 200])
    assert.equal((await rest('DELETE', `/mcp-services/${service.id}`)).status, 204)
    assert.equal(await ask(long), 404)
    await gateway.createService({ name: 'brief', path: '/brief', backend: builtin })
    assert.equal(await ask(long), 401, 'the place of a service that was deleted does not take its keys')
  })

  for (const target of [
    '/keyed/../other',
    '/other/../keyed',
    '/keyed/.',
    '/./keyed',
    '/%2e/keyed',
    '/%6beyed',
    '/keyed%2f..%2fother',
    '/KEYED',
    '//keyed',
    '/keyed//',
    '/keyed;x=1',
    '/keyed\\',
    '/keyed%00',
    '/keyed%20',
    'http://evil.example/keyed',
    '*',
  ]) {
    test(`the target ${target} is no service`, async () => {
      const { status } = await request(undefined, { target })
      assert.ok(status === 404 || status === 400, `${status}`)
    })
  }

  test('Host and Origin that are not of this machine: 403; no Host: 400', async () => {
    for (const host of ['evil.example', `localhost.evil.example:${port}`, `evil.example#localhost`, 'localhost@evil']) {
      assert.equal((await request(undefined, { host })).status, 403, host)
    }
    assert.equal((await request(undefined, { host: '' })).status, 400)
    const good = `Authorization: Bearer ${key}`
    assert.equal((await request([good, `Host: localhost:${port}`], { host: 'evil.example' })).status, 403)
    for (const origin of ['null', 'https://evil.example', 'http://localhost.evil.example', 'http://localhost@evil']) {
      assert.equal((await request([good, `Origin: ${origin}`])).status, 403, origin)
    }
    assert.equal((await request([good, `Origin: http://localhost:${port}`])).status, 200)
    for (const forwarded of ['X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example']) {
      const { head } = await request([forwarded])
      assert.doesNotMatch(head, /evil/)
    }
  })

  test('a session is of no use to another caller, in a list, or at another service', async () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } }
    const { head } = await request(undefined, { body: call('initialize', params) })
    const id = /mcp-session-id: (\S+)/i.exec(head)?.[1] ?? ''
    assert.match(id, /^[\w-]{43}$/)
    const few = keyed.apiKeys[1]?.key ?? ''
    const own = `Authorization: Bearer ${key}`
    assert.equal((await request([own, `Mcp-Session-Id: ${id}`])).status, 200)
    assert.equal((await request([`Authorization: Bearer ${few}`, `Mcp-Session-Id: ${id}`])).status, 404)
    assert.equal((await request([own, `Mcp-Session-Id: ${id}`, `Mcp-Session-Id: ${id}`])).status, 404)
    assert.equal((await request([own, `Mcp-Session-Id: ${id}, x`])).status, 404)
    const elsewhere = [`Authorization: Bearer ${otherKey}`, `Mcp-Session-Id: ${id}`]
    assert.equal((await request(elsewhere, { target: '/other' })).status, 404)
    const stolen = await request([`Authorization: Bearer ${few}`, `Mcp-Session-Id: ${id}`], {
      method: 'DELETE',
      body: '',
    })
    assert.equal(stolen.status, 404)
    assert.equal((await request([own, `Mcp-Session-Id: ${id}`])).status, 200, 'it is still there')
  })

  test('a key that is good for one tool calls no other: spelt otherwise, or in a batch', async () => {
    const few = [`Authorization: Bearer ${keyed.apiKeys[1]?.key}`]
    const tool = (name: unknown, id?: unknown) => call('tools/call', { name, arguments: { message: 'hi' } }, id)
    assert.equal((await request(few, { body: tool('echo') })).status, 200)
    for (const name of ['whoami', 'Echo', 'echo ', 'ｅcho', ['echo'], { toString: 'echo' }, null, '__proto__']) {
      assert.equal((await request(few, { body: tool(name) })).status, 403, JSON.stringify(name))
    }
    assert.equal((await request(few, { body: `[${tool('echo', 1)},${tool('whoami', 2)}]` })).status, 403)
    const { body } = await request(few)
    assert.doesNotMatch(body, /whoami/)
  })

  test('a call without an id, which nobody permits, does not reach the backend; a notification does', async (t) => {
    const server = await serveSessions(() => {})
    t.after(server.close)
    const { apiKeys } = await gateway.createService({
      name: 'notified',
      path: '/notified',
      backend: { type: 'http', url: server.url },
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'few', tools: ['echo'] }] }],
    })
    const few = [`Authorization: Bearer ${apiKeys[0]?.key}`]
    for (const method of ['tools/call', 'notifications/own']) {
      const body = JSON.stringify({ jsonrpc: '2.0', method, params: { name: 'whoami' } })
      assert.equal((await request(few, { target: '/notified', body })).status, 202)
    }
    const reached = (rpc: string) => (server.seen.some((one) => one.rpc === rpc) ? true : undefined)
    await eventually('the notification', () => reached('notifications/own'))
    assert.equal(reached('tools/call'), undefined)
  })

  test('members and methods with special names neither break nor change anything', async () => {
    const ask = async (body: string) => await request(undefined, { body })
    for (const method of [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'tools/lıst',
      'x\u0000',
      '\ud800',
    ]) {
      const { status, body } = await ask(call(method))
      assert.equal(status, 200, method)
      assert.match(body, /Method not found/)
    }
    const poison =
      '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"__proto__":{"polluted":1},"_meta":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}}'
    assert.equal((await ask(poison)).status, 200)
    assert.equal('polluted' in {}, false)
    for (const id of ['"__proto__"', '"constructor"', '1e999', '-1', '1.5']) {
      const answer = await ask(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)
      assert.ok([200, 400].includes(answer.status), id)
    }
    const deep = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`
    assert.ok((await ask(deep)).status < 500, 'deep nesting is no stack overflow')
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
    assert.doesNotMatch(metrics, /__proto__|constructor|toString/)
  })

  test('a body that never comes, comes in other words, or is too long', async () => {
    const smuggle = `POST /keyed HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /other HTTP/1.1\r\n\r\n`
    assert.equal((await raw(port, smuggle)).status, 400)
    const utf16 = Buffer.from(call('tools/list'), 'utf16le').toString('latin1')
    assert.equal((await request(undefined, { body: utf16 })).status, 400)
    const huge = [`Authorization: Bearer ${key}`, 'X-Pad: 1']
    const declared = `POST /keyed HTTP/1.1\r\nHost: localhost\r\n${huge.join('\r\n')}\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{`
    assert.equal((await raw(port, declared)).status, 413)
    const unknown = `POST /keyed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n{`
    assert.equal((await raw(port, unknown)).status, 401, 'nobody’s body is read before they are known')
    const longHeader = await request([`Authorization: Bearer ${'x'.repeat(40_000)}`])
    assert.ok([400, 401, 431].includes(longHeader.status))
  })

  test('what a tool says cannot end an event or begin another one', async () => {
    const message = 'x\n\nevent: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\r\n\r\n\u2028\u2029'
    const body = call('tools/call', { name: 'echo', arguments: { message } })
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'text/event-stream' }
    const text = await (await fetch(keyed.url, { method: 'POST', headers, body })).text()
    assert.equal(text.match(/^event: /gm)?.length, 1)
    assert.equal(text.match(/^data: /gm)?.length, 1)
    const line = text.split('\n').find((one) => one.startsWith('data: ')) ?? ''
    const data = JSON.parse(line.slice('data: '.length))
    assert.equal(data.result.content[0].text, message)
  })

  test('after all of that, it still serves', async () => {
    assert.equal((await request()).status, 200)
    assert.equal((await fetch(`${gateway.url}/readyz`)).status, 200)
  })
})
