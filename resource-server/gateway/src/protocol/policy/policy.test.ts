import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createFakeIssuer, type FakeIssuer, parseChallenges } from '@postern/resource-server/testing'
import { isJsonObject, type JsonObject } from '../../backends/json-rpc.ts'
import type { Authorizer, ServiceAccess } from '../../catalog/types.ts'
import { connectV1, connectV2, modern } from '../fixtures/clients.ts'
import type { TestService } from '../fixtures/memory-catalog.ts'
import { type RecordingUpstream, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../fixtures/test-gateway.ts'
import { auth, initialize, parse, post, postModern, rpc, send, type WireAnswer } from '../fixtures/wire.ts'

interface House {
  readonly gateway: TestGateway
  readonly upstream: RecordingUpstream
  readonly issuer: FakeIssuer
  readonly url: string
  token(claims?: Record<string, string | number | string[]>): string
}

async function open(
  t: TestContext,
  access: ServiceAccess,
  more: TestGatewayOptions & { service?: Partial<TestService> } = {},
) {
  const [upstream, issuer] = await Promise.all([startRecordingUpstream(), createFakeIssuer()])
  const { service, ...options } = more
  const gateway = await startTestGateway(options)
  t.after(() => Promise.all([gateway.close(), upstream.close(), issuer.close()]))
  const jwt: Authorizer = {
    type: 'CustomJWT',
    discoveryUrl: `${issuer.issuer}/.well-known/openid-configuration`,
    issuer: issuer.issuer,
    requiredScopes: ['mcp'],
  }
  const backend = { type: 'http', url: upstream.url } as const
  gateway.catalog.put({ id: 's', backend, authorizers: [{ type: 'ApiKey' }, jwt], access, ...service })
  const url = `${gateway.origin}/s`
  const token: House['token'] = (claims = {}) => issuer.mint({ aud: url, scope: 'mcp', ...claims })
  return { gateway, upstream, issuer, url, token } satisfies House
}

const call = (name: string, id = 1) => rpc('tools/call', { name, arguments: { a: 'a private matter' } }, id)
const callModern = (url: string, token: string, name: string) => {
  const headers = { 'mcp-name': `=?base64?${Buffer.from(name).toString('base64')}?=` }
  return postModern(url, token, 'tools/call', { name, arguments: { a: 'a private matter' } }, { headers })
}
/** The names in an answer to tools/list. */
function namesIn({ tools }: JsonObject = {}): unknown[] {
  return Array.isArray(tools) ? tools.map((tool) => isJsonObject(tool) && tool['name']) : []
}

/** What was decided about callers. */
const decisions = ({ events }: TestGateway) => events.filter(({ kind }) => kind.startsWith('access.'))
const bothEras = (url: string, token: string, name: string) =>
  Promise.all([post(url, token, call(name)), callModern(url, token, name)])

function challengeOf({ headers }: WireAnswer) {
  const header = headers['www-authenticate']
  return typeof header === 'string' ? parseChallenges(header)[0] : undefined
}

function assertDenied(answer: WireAnswer): void {
  assert.equal(answer.status, 403)
  assert.equal(answer.headers['www-authenticate'], undefined, 'another token would not help')
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.deepEqual(JSON.parse(answer.text), {
    error: 'access_denied',
    error_description: 'The caller may not use this tool',
  })
}

const rules: ServiceAccess = {
  rules: [
    { tools: ['read'] },
    { tools: ['write'], scopes: ['files:write', 'files:read'] },
    { tools: ['write'], groups: ['Engineers'] },
    { tools: ['drop'], clients: ['operator'] },
    { tools: ['drop'], apiKeys: ['ops'] },
    { tools: ['fail'], claims: { level: [3, 4] } },
  ],
}

test('a call that no rule allows is 403 in both eras, and nothing of it reaches the backend', async (t) => {
  const { gateway, upstream, url, token } = await open(t, rules)
  const dev = await gateway.catalog.addKey('s', { name: 'dev', scopes: ['mcp'] })
  for (const caller of [token(), dev]) {
    for (const name of ['drop', 'fail', 'unknown', 'Read', 'read ', 'ｒead', 're\u0061d\u200b']) {
      for (const answer of await bothEras(url, caller, name)) assertDenied(answer)
    }
  }
  assertDenied(await post(url, dev, call('write')))
  assertDenied(await post(url, token(), rpc('tools/call', { name: 1 })))
  assertDenied(await post(url, token(), rpc('tools/call', {})))
  assert.deepEqual(upstream.called, [])
  assert.ok(
    decisions(gateway).every(({ kind, outcome, reason, status }) => {
      return kind === 'access.refused' && outcome === 'refused' && reason === 'tool_not_allowed' && status === 403
    }),
  )
  assert.doesNotMatch(JSON.stringify(gateway.events), /private/)
})

test('a call that lacks nothing but scopes is 403 insufficient_scope with all that it needs', async (t) => {
  const { gateway, upstream, url, token } = await open(t, rules)
  for (const answer of await bothEras(url, token({ scope: 'mcp files:read' }), 'write')) {
    assert.equal(answer.status, 403)
    const { scheme, params } = challengeOf(answer) ?? {}
    assert.equal(scheme?.toLowerCase(), 'bearer')
    assert.deepEqual(params, {
      error: 'insufficient_scope',
      scope: 'mcp files:write files:read',
      resource_metadata: `${gateway.origin}/.well-known/oauth-protected-resource/s`,
    })
    assert.deepEqual(JSON.parse(answer.text), {
      error: 'insufficient_scope',
      error_description: 'The access token lacks a scope that this operation needs',
    })
  }
  assert.deepEqual(upstream.called, [])
  assert.deepEqual(
    decisions(gateway).map(({ kind, reason, tool, clientId, status }) => [kind, reason, tool, clientId, status]),
    Array(2).fill(['access.refused', 'insufficient_scope', 'write', 'client-1', 403]),
  )
  const page = await post(url, token(), call('write'), { origin: gateway.origin })
  assert.equal(page.status, 403)
  assert.match(
    String(page.headers['access-control-expose-headers']),
    /WWW-Authenticate/i,
    'a page can read what it needs',
  )
})

test('whoever meets a rule in all its parts may call, in both eras', async (t) => {
  const { gateway, upstream, url, token } = await open(t, rules)
  const ops = await gateway.catalog.addKey('s', { name: 'ops' })
  const good: [string, string][] = [
    [token(), 'read'],
    [token({ scope: 'mcp files:read files:write' }), 'write'],
    [token({ groups: ['Engineers', 'Others'] }), 'write'],
    [token({ groups: 'Engineers' }), 'write'],
    [token({ client_id: 'operator' }), 'drop'],
    [ops, 'drop'],
    [token({ level: 4 }), 'fail'],
  ]
  for (const [caller, name] of good) {
    for (const answer of await bothEras(url, caller, name)) assert.equal(answer.status, 200, `${name} ${answer.text}`)
  }
  assert.deepEqual(
    upstream.called,
    good.flatMap(([, name]) => [name, name]),
  )
  assert.equal((await post(url, token({ level: '4' }), call('fail'))).status, 403)
  assert.equal((await post(url, token({ groups: ['engineers'] }), call('write'))).status, 403)
})

test('what scopes imply at the pool counts, also when it is learnt later', async (t) => {
  const { gateway, url, token } = await open(t, { rules: [{ tools: ['write'], scopes: ['files:write'] }] })
  const admin = token({ scope: 'mcp files:admin' })
  assert.equal((await post(url, admin, call('write'))).status, 403)
  gateway.catalog.imply('s', { 'files:admin': ['files:write'] })
  assert.equal((await post(url, admin, call('write'))).status, 200)
  assert.equal((await post(url, token({ scope: 'files:admin' }), call('write'))).status, 403)
  gateway.catalog.imply('s', { 'files:admin': ['files:write', 'mcp'] })
  assert.equal((await post(url, token({ scope: 'files:admin' }), call('write'))).status, 200, 'for required scopes too')
})

test('a batch cannot smuggle a call: with one that is refused, none is made', async (t) => {
  const { gateway, upstream, url, token } = await open(t, rules)
  assertDenied(await post(url, token(), [call('read', 1), call('drop', 2), call('read', 3)]))
  const lacking = await post(url, token(), [call('read', 1), call('write', 2)])
  assert.deepEqual([lacking.status, challengeOf(lacking)?.params['error']], [403, 'insufficient_scope'])
  assertDenied(await post(url, token(), [call('write', 1), call('drop', 2)]))
  const unnamed = await post(url, token(), [{ jsonrpc: '2.0', method: 'tools/call', params: { name: 'drop' } }])
  assert.equal(unnamed.status, 202, 'without an id it is a notification, which is not passed on')
  assert.deepEqual(upstream.called, [])
  gateway.events.length = 0
  const fine = await post(url, token(), [call('read', 1), rpc('ping', {}, 2), call('read', 3)])
  assert.equal(fine.status, 200)
  assert.deepEqual(upstream.called, ['read', 'read'])
  assert.deepEqual(
    decisions(gateway).map(({ tool, reason }) => [tool, reason]),
    [
      ['read', 'ok'],
      ['read', 'ok'],
    ],
  )
})

test('lists show what may be called, page by page, in both eras, to SDK clients of both generations', async (t) => {
  const { gateway, url, token } = await open(t, rules)
  const ops = await gateway.catalog.addKey('s', { name: 'ops' })
  const narrow = await gateway.catalog.addKey('s', { name: 'narrow', tools: ['drop', 'read', 'Read'] })
  const pages = async (caller: string, ask: typeof post) => {
    const shown: (readonly unknown[])[] = []
    let cursor: string | undefined
    do {
      const params = cursor === undefined ? {} : { cursor }
      const { result = {} } = parse((await ask(url, caller, rpc('tools/list', params))).text)
      shown.push(namesIn(result))
      cursor = result['nextCursor'] as string | undefined
    } while (cursor !== undefined)
    return shown
  }
  const askModern: typeof post = (to, caller, message) =>
    postModern(to, caller, 'tools/list', (message as { params: Record<string, string> }).params)
  for (const ask of [post, askModern]) {
    assert.deepEqual(await pages(token(), ask), [['read'], [], []])
    assert.deepEqual(await pages(token({ groups: ['Engineers'], level: 3 }), ask), [['read', 'write'], ['fail'], []])
    assert.deepEqual(await pages(ops, ask), [['read', 'drop'], [], []])
    assert.deepEqual(
      await pages(narrow, ask),
      [['read'], [], []],
      'a key is good for no more than rules and its own list say',
    )
  }
  for (const client of [await connectV1(url, ops), await connectV2(url, ops), await connectV2(url, ops, modern)]) {
    // The SDK of the second generation walks the pages itself.
    const { tools } = await client.listTools()
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['read', 'drop'],
    )
    assert.deepEqual((await client.callTool({ name: 'drop', arguments: {} })).content, [{ type: 'text', text: 'drop' }])
    await assert.rejects(client.callTool({ name: 'write', arguments: {} }), /403|access_denied|may not use/i)
    await client.close()
  }
})

test('a dry run refuses nothing, shows everything, and records what it would refuse', async (t) => {
  const { gateway, upstream, url, token } = await open(
    t,
    { ...rules, mode: 'dryRun', limits: { requestsPerMinute: 4 } },
    { frozen: true },
  )
  const narrow = await gateway.catalog.addKey('s', { name: 'narrow', tools: ['read'], scopes: ['mcp'] })
  assert.equal((await post(url, token(), call('drop'))).status, 200)
  assert.equal((await post(url, token(), call('read'))).status, 200)
  assert.equal((await callModern(url, token(), 'write')).status, 200)
  const { result } = parse((await post(url, token(), rpc('tools/list'))).text)
  assert.deepEqual(namesIn(result), ['read', 'write', 'drop'])
  assert.equal((await post(url, token(), call('drop'))).status, 200, 'limits refuse nothing either')
  assertDenied(await post(url, narrow, call('drop')))
  assert.deepEqual(upstream.called, ['drop', 'read', 'write', 'drop'])
  assert.deepEqual(
    decisions(gateway).map(({ kind, outcome, reason, tool }) => [kind, outcome, reason, tool]),
    [
      ['access.verified', 'ok', 'would_refuse', 'drop'],
      ['access.verified', 'ok', 'ok', 'drop'],
      ['access.verified', 'ok', 'ok', 'read'],
      ['access.verified', 'ok', 'would_refuse', 'write'],
      ['access.verified', 'ok', 'ok', 'write'],
      ['access.verified', 'ok', 'ok', undefined],
      ['access.verified', 'ok', 'would_throttle', undefined],
      ['access.verified', 'ok', 'would_refuse', 'drop'],
      ['access.verified', 'ok', 'ok', 'drop'],
      ['access.refused', 'refused', 'tool_not_allowed', 'drop'],
    ],
  )
})

test('above its rate a caller gets 429 with Retry-After, others do not, and time mends it', async (t) => {
  const { gateway, upstream, url } = await open(t, { limits: { requestsPerMinute: 3 } }, { frozen: true })
  const a = await gateway.catalog.addKey('s', { name: 'a', scopes: ['mcp'] })
  const b = await gateway.catalog.addKey('s', { name: 'b', scopes: ['mcp'] })
  const batch = [call('read', 1), call('read', 2), call('read', 3), call('read', 4)]
  assert.equal((await post(url, a, batch)).status, 429, 'each request of a batch counts')
  assert.equal((await post(url, a, batch.slice(0, 3))).status, 200, 'what was refused took nothing')
  for (const answer of await bothEras(url, a, 'read')) {
    assert.equal(answer.status, 429)
    assert.equal(answer.headers['retry-after'], '20')
    assert.deepEqual(parse(answer.text).error, { code: -32000, message: 'Too many requests: try again later' })
  }
  const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
  assert.equal((await post(url, a, cancel)).status, 202, 'what makes no work may always be said')
  assert.equal((await post(url, a, { jsonrpc: '2.0', method: 'notifications/other' })).status, 429)
  assert.equal((await post(url, b, call('read'))).status, 200)
  assert.deepEqual(upstream.called, Array(4).fill('read'))
  gateway.clock.advance(20_000)
  assert.equal((await post(url, a, call('read'))).status, 200)
  assert.equal((await post(url, a, call('read'))).status, 429)
  const refused = gateway.events.filter(({ reason }) => reason === 'rate_limit')
  assert.equal(refused.length, 4 + 2 + 1 + 1)
  assert.ok(
    refused.every(({ kind, status, apiKeyName }) => kind === 'access.refused' && status === 429 && apiKeyName === 'a'),
  )
})

test('more at once than allowed is 429; a place is free again however a call ends', async (t) => {
  const { gateway, upstream, url } = await open(t, { limits: { concurrent: 2 } })
  const a = await gateway.catalog.addKey('s', { name: 'a', scopes: ['mcp'] })
  const b = await gateway.catalog.addKey('s', { name: 'b', scopes: ['mcp'] })
  const isFull = async () => {
    const { status, headers, text } = await post(url, a, call('read'))
    if (status === 429)
      assert.deepEqual(
        [headers['retry-after'], parse(text).error?.message],
        ['1', 'Too many requests: try again later'],
      )
    return status === 429
  }
  // Answered.
  const held = [post(url, a, call('hold')), callModern(url, a, 'hold')]
  await upstream.waiting(2)
  assert.equal(await isFull(), true)
  assert.equal((await post(url, b, call('read'))).status, 200, 'others have places of their own')
  assert.ok(gateway.events.some(({ reason, status }) => reason === 'concurrency_limit' && status === 429))
  upstream.release()
  for (const { status } of await Promise.all(held)) assert.equal(status, 200)
  assert.equal(await isFull(), false)
  // The client has gone: of a call without a session, and of one of 2026-07-28.
  const gone = new AbortController()
  const init = { method: 'POST', signal: gone.signal, headers: { 'content-type': 'application/json', ...auth(a) } }
  const lost = [1, 2].map((id) => fetch(url, { ...init, body: JSON.stringify(call('hold', id)) }))
  await upstream.waiting(2)
  assert.equal(await isFull(), true)
  gateway.events.length = 0
  gone.abort()
  await Promise.allSettled(lost)
  await gateway.recorded(2)
  assert.equal(await isFull(), false)
  upstream.release()
  // Cancelled within a session, while a stream stays open.
  const session = { 'mcp-session-id': await initialize(url, a) }
  const cancelled = [7, 8].map((id) => post(url, a, call('hold', id), session))
  await upstream.waiting(2)
  assert.equal(await isFull(), true)
  for (const requestId of [7, 8]) {
    await post(url, a, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }, session)
  }
  await Promise.all(cancelled)
  assert.equal(await isFull(), false)
  upstream.release()
  // The backend has died.
  const dead = [post(url, a, call('hold')), post(url, a, call('hold'))]
  await upstream.waiting(2)
  await upstream.close()
  for (const { text } of await Promise.all(dead)) assert.ok(parse(text).error)
  assert.equal(await isFull(), false)
  upstream.close = async () => {}
  // A malformed one never took a place.
  for (let count = 0; count < 3; count += 1)
    assert.equal((await post(url, a, { jsonrpc: '2.0', id: {}, method: 1 })).status, 400)
  assert.equal(await isFull(), false)
})

test('each call of a batch has a place of its own, all of them or none', async (t) => {
  const { gateway, upstream, url } = await open(t, { limits: { concurrent: 3 } })
  const key = await gateway.catalog.addKey('s', { name: 'a', scopes: ['mcp'] })
  const batch = (name: string, count: number) => Array.from({ length: count }, (_, id) => call(name, id))
  const statusOf = async (count: number) => (await post(url, key, batch('read', count))).status
  const held = post(url, key, batch('hold', 2))
  await upstream.waiting(2)
  assert.equal(await statusOf(2), 429)
  assert.deepEqual(upstream.called, ['hold', 'hold'], 'none of them was made')
  assert.equal(await statusOf(1), 200, 'what was refused took nothing')
  upstream.release()
  assert.equal((await held).status, 200)
  assert.equal(await statusOf(3), 200)
  const never = await post(url, key, [...batch('read', 3), rpc('ping', {}, 4)])
  assert.deepEqual([never.status, never.headers['retry-after']], [429, undefined])
  assert.equal(
    parse(never.text).error?.message,
    'Too many requests: these are 4 in one, and 3 at once are allowed; send fewer in one batch, or in one mcp_use_tool',
  )
  assert.equal(await statusOf(3), 200)
})

test('each call is an event: who, which tool, what came of it; an error of the tool is not one of the protocol', async (t) => {
  const { gateway, upstream, url, token } = await open(t, {})
  const key = await gateway.catalog.addKey('s', { name: 'the CI', scopes: ['mcp'] })
  for (const name of ['read', 'fail', 'refuse']) await post(url, key, call(name))
  await callModern(url, token(), 'fail')
  const gone = new AbortController()
  const headers = { 'content-type': 'application/json', ...auth(key) }
  const lost = fetch(url, { method: 'POST', headers, body: JSON.stringify(call('hold')), signal: gone.signal })
  await upstream.waiting(1)
  gone.abort()
  await lost.catch(() => {})
  await gateway.recorded(5)
  upstream.release()
  await post(url, key, rpc('tools/list'))
  const events = decisions(gateway)
  assert.deepEqual(
    events.map(({ kind, outcome, reason, tool, apiKeyName, status }) => [
      kind,
      outcome,
      reason,
      tool,
      apiKeyName,
      status,
    ]),
    [
      ['access.verified', 'ok', 'ok', 'read', 'the CI', 200],
      ['access.verified', 'error', 'tool_failed', 'fail', 'the CI', 200],
      ['access.verified', 'error', 'call_failed', 'refuse', 'the CI', 200],
      ['access.verified', 'error', 'tool_failed', 'fail', undefined, 200],
      ['access.verified', 'error', 'cancelled', 'hold', 'the CI', 499],
      ['access.verified', 'ok', 'ok', undefined, 'the CI', 200],
    ],
  )
  assert.ok(events.every(({ clientId, subjectHash, durationMs }) => clientId && subjectHash && (durationMs ?? 0) > 0))
  assert.doesNotMatch(JSON.stringify(events), /private/)
})

test('arguments are in the event where they are asked for, and credentials in them are not', async (t) => {
  const { gateway, url } = await open(t, { audit: { arguments: true } })
  const key = await gateway.catalog.addKey('s', { name: 'k', scopes: ['mcp'] })
  await post(
    url,
    key,
    rpc('tools/call', { name: 'read', arguments: { path: '/etc', token: 'abcdefgh', note: `my key: ${key}` } }),
  )
  await postModern(url, key, 'tools/call', { name: 'read', arguments: { path: 'x'.repeat(100_000) } })
  const [first, second] = decisions(gateway)
  assert.equal(first?.arguments, '{"path":"/etc","token":"[hidden]","note":"my key: [hidden]"}')
  assert.equal(second?.arguments?.length, 2048)
})

test('other services, methods and callers without rules are as they were', async (t) => {
  const { gateway, upstream, url, token } = await open(t, { mode: 'enforce' })
  assert.equal((await post(url, token(), call('anything'))).status, 200)
  assert.deepEqual(upstream.called, ['anything'])
  const none = await send(url, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(call('read')) })
  assert.equal(none.status, 401)
  assert.equal(gateway.events.at(-1)?.reason, 'no_credential')
})
