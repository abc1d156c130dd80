import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { requireScopes } from '@modelcontextprotocol/server'
import { type EventInput, generateApiKey, hashApiKey } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import { ConfigError } from '../options/config-error.ts'
import { createResourceServer, type GuardOptions, type ResourceServer } from '../resource-server.ts'
import { brokenToken } from '../testing/broken-token.ts'
import { expectChallenge, expectRefusal, seen } from '../testing/expect.ts'
import { createFakeIssuer, type FakeIssuer } from '../testing/fake-issuer.ts'
import { protectOperations, protectTool } from './protect-operations.ts'

const resource = 'https://mcp.example/mcp'
const key = generateApiKey()
const events: EventInput[] = []
let issuer: FakeIssuer
let rs: ResourceServer

before(async () => {
  issuer = await createFakeIssuer({ audience: resource })
  rs = createResourceServer({
    resource,
    issuers: [{ issuer: issuer.issuer, advertisedScopes: { 'files:write': 'api://files/write' } }],
    requiredScopes: ['read'],
    scopeHierarchy: { admin: ['files:write', 'files:delete'] },
    apiKeys: [{ id: 'k', name: 'key', hash: await hashApiKey(key), scopes: ['read', 'admin'], tools: ['delete'] }],
    onEvent: (event) => void events.push(event),
  })
})
after(async () => {
  rs.close()
  await issuer.close()
})

const rules = {
  tools: { delete: ['files:write', 'files:delete'], move: { anyOf: ['files:write', 'files:move'] } },
  prompts: { review: ['review'] },
}

function call(name: string, token: string): Request {
  return post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } }, token)
}

function post(message: unknown, token: string): Request {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return new Request(resource, { method: 'POST', headers, body: JSON.stringify(message) })
}

async function ask(request: Request, guard: GuardOptions = { operations: protectOperations(rs, rules) }) {
  events.length = 0
  const answer = await rs.authenticate(request, guard)
  return answer instanceof Response ? seen(answer) : answer
}

async function refuses(request: Request, scope: string, guard?: GuardOptions): Promise<void> {
  const answer = await ask(request, guard)
  assert.ok('status' in answer, 'it passed')
  expectRefusal(answer, 'IS', { metadataUrl: rs.metadataUrl, scope })
  assert.deepEqual(
    events.map(({ kind, reason, clientId }) => [kind, reason, clientId]),
    [['access.refused', 'insufficient_scope', 'client-1']],
  )
}

async function passes(request: Request, guard?: GuardOptions): Promise<void> {
  const answer = await ask(request, guard)
  assert.ok('subject' in answer, `refused: ${JSON.stringify(answer)}`)
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['access.verified'],
  )
}

test('a tool needs its scopes, others do not', async () => {
  const token = issuer.mint({ scope: 'read' })
  await refuses(call('delete', token), 'read api://files/write files:delete')
  for (const name of ['other', 'unknown', 'Delete', 'review']) await passes(call(name, token))
  await passes(call('delete', issuer.mint({ scope: 'read files:write files:delete' })))
})

test('one challenge names all that is needed, also what is needed everywhere and by the route', async () => {
  const all = 'read files:list api://files/write files:delete'
  const guard = { scopes: ['files:list'], operations: protectOperations(rs, rules) }
  await refuses(call('delete', issuer.mint({ scope: 'files:write' })), all, guard)
  await refuses(call('delete', issuer.mint({ scope: '' })), all, guard)
})

test('broader scopes imply narrower ones, and of several one may do', async () => {
  await passes(call('delete', issuer.mint({ scope: 'read admin' })))
  await passes(call('move', issuer.mint({ scope: 'read files:move' })))
  await passes(call('move', issuer.mint({ scope: 'read admin' })))
  await refuses(call('move', issuer.mint({ scope: 'read' })), 'read api://files/write')
})

test('in a batch the one refused holds up the others', async () => {
  const batch = ['other', 'delete', 'delete'].map((name, id) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name },
  }))
  const prompt = { jsonrpc: '2.0', id: 9, method: 'prompts/get', params: { name: 'review' } }
  const token = issuer.mint({ scope: 'read' })
  await refuses(post([...batch, prompt], token), 'read api://files/write files:delete review')
  await passes(post([batch[0], { jsonrpc: '2.0', method: 'notifications/initialized' }], token))
  await passes(post(batch, issuer.mint({ scope: 'read admin' })))
})

test('a dead token is dead before anything is said of scopes, and its body is not read', async () => {
  for (const token of [brokenToken(issuer, 'expired'), brokenToken(issuer, 'signed-by-stranger')]) {
    const request = call('delete', token)
    const answer = await ask(request)
    assert.ok('status' in answer)
    assert.equal(answer.status, 401)
    assert.equal(expectChallenge(answer).params['scope'], 'read')
    assert.equal(request.bodyUsed, false)
  }
})

test('a body that cannot be looked at is refused in the words of the transport', async () => {
  const authorization = `Bearer ${issuer.mint({ scope: 'read admin' })}`
  const cases = [
    [415, { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
    [415, { 'content-type': 'application/json; charset=utf-16' }],
    [413, { 'content-type': 'application/json', 'content-length': `${64 * 1024 * 1024}` }],
  ] as const
  for (const [status, headers] of cases) {
    const request = new Request(resource, { method: 'POST', headers: { ...headers, authorization }, body: '{}' })
    const answer = await ask(request)
    assert.ok('status' in answer)
    assert.deepEqual([answer.status, answer.headers['www-authenticate']], [status, undefined])
    assert.equal(answer.headers['cache-control'], 'no-store')
    const { jsonrpc, error, id } = JSON.parse(answer.body)
    assert.deepEqual([jsonrpc, error.code, id], ['2.0', -32000, null])
    assert.deepEqual(
      events.map(({ kind, reason, clientId, status }) => [kind, reason, clientId, status]),
      [['access.refused', status === 413 ? 'body_too_large' : 'body_unreadable', 'client-1', status]],
    )
  }
})

test('an API key is good for its own tools only', async () => {
  await passes(call('delete', key))
  const answer = await ask(call('other', key))
  assert.ok('status' in answer)
  expectRefusal(answer, 'PD', { secrets: [key] })
  assert.equal(events[0]?.reason, 'tool_not_allowed')
  await passes(post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, key))
})

test('protectTool is the table of one tool', async () => {
  const guard = { operations: protectTool(rs, 'delete', ['files:delete']) }
  await refuses(call('delete', issuer.mint({ scope: 'read' })), 'read files:delete', guard)
  await passes(call('move', issuer.mint({ scope: 'read' })), guard)
})

test('a guard takes rules from protectOperations alone', () => {
  for (const operations of [rules, null, [], 'x', { needsOf: 1 }]) {
    assert.throws(
      () => rs.gate({ operations } as object),
      (error) => error instanceof ConfigError && error.option === 'operations',
    )
  }
  assert.throws(() => rs.gate({ endStreams: 1 } as object), ConfigError)
})

test('scopeChallenge says the same to SDK v2', async () => {
  const { scopeChallenge } = protectOperations(rs, rules)
  const request = { jsonrpc: '2.0' as const, id: 1, method: 'tools/call', params: { name: 'delete' } }
  const authInfo = (scopes: string[]) => ({ token: 't', clientId: 'c', scopes })
  const all = ['read', 'api://files/write', 'files:delete']
  assert.deepEqual(scopeChallenge({ request, authInfo: authInfo(['read']) })?.scopes, all)
  assert.deepEqual(scopeChallenge({ request, authInfo: authInfo(['files:write', 'files:delete']) })?.scopes, all)
  assert.deepEqual(scopeChallenge({ request })?.scopes, all, 'nobody has no scopes')
  assert.equal(scopeChallenge({ request, authInfo: authInfo(['read', 'files:write', 'files:delete']) }), undefined)
  const auth = await rs.authenticate(call('other', issuer.mint({ scope: 'read admin' })))
  assert.ok('subject' in auth)
  assert.equal(scopeChallenge({ request, authInfo: auth }), undefined)
  const theirs: ReturnType<typeof requireScopes> = scopeChallenge
  assert.equal((await theirs({ request }))?.scopes.length, 3)
})

test('a token that is over by the time the body has come is no good', async () => {
  const clock = createTestClock(Date.now())
  const slow = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }], clock })
  const init = { method: 'POST', headers: { authorization: `Bearer ${issuer.mint()}` }, duplex: 'half' } as const
  const body = new ReadableStream({
    pull(controller) {
      clock.advance(3_600_000)
      controller.enqueue(new TextEncoder().encode('{}'))
      controller.close()
    },
  })
  const answer = await slow.authenticate(new Request(resource, { ...init, body }), {
    operations: protectOperations(slow, rules),
  })
  assert.ok(answer instanceof Response, 'it passed')
  expectRefusal(await seen(answer), 'IT', { metadataUrl: slow.metadataUrl })
  slow.close()
})
