import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import { ConfigError } from '../options/config-error.ts'
import { type OperationRules, readOperationRules } from './operation-rules.ts'
import { operationsIn } from './operations-in.ts'

const rulesOf = readOperationRules({
  tools: { delete: ['files:write'], ping: [], '*': ['tools'], constructor: { anyOf: ['a', 'b'] } },
  prompts: { review: ['review'] },
  resources: {
    'file:///*': ['files:read'],
    'file:///private/*': ['private'],
    'config://app': ['config'],
    '*': ['rest'],
  },
  completion: ['complete'],
})

function needs(method: string, params?: unknown): unknown {
  return rulesOf(operationsIn({ jsonrpc: '2.0', id: 1, method, params }))
}

test('tools and prompts go by their name', () => {
  assert.deepEqual(needs('tools/call', { name: 'delete', arguments: {} }), [['files:write']])
  assert.deepEqual(needs('tools/call', { name: 'ping' }), [[]])
  assert.deepEqual(needs('tools/call', { name: 'constructor' }), [{ anyOf: ['a', 'b'] }])
  for (const name of ['other', 'Delete', 'delete ', '__proto__', 'toString', '*']) {
    assert.deepEqual(needs('tools/call', { name }), [['tools']], name)
  }
  assert.deepEqual(needs('prompts/get', { name: 'review' }), [['review']])
  assert.deepEqual(needs('prompts/get', { name: 'delete' }), [])
})

test('resources go by everything that matches, to read and to subscribe', () => {
  for (const method of ['resources/read', 'resources/subscribe', 'resources/unsubscribe']) {
    assert.deepEqual(needs(method, { uri: 'file:///private/a' }), [['files:read'], ['private']])
    assert.deepEqual(needs(method, { uri: 'file:///a' }), [['files:read']])
    assert.deepEqual(needs(method, { uri: 'config://app' }), [['config']])
    assert.deepEqual(needs(method, { uri: 'other://app' }), [['rest']])
  }
  const resourceSubscriptions = ['config://app', 'file:///a', 7]
  assert.deepEqual(needs('subscriptions/listen', { notifications: { resourceSubscriptions } }), [
    ['config'],
    ['files:read'],
  ])
})

test('a rule for some resources is no way round the one for the rest', () => {
  const read = (uri: string) => needs('resources/read', { uri })
  const all = [['files:read'], ['private'], ['config'], ['rest']]
  assert.deepEqual(read('config://app?x'), [['config'], ['rest']])
  assert.deepEqual(read('file:///../a'), [['files:read']])
  assert.deepEqual(read(`other://app${'\n'.repeat(limits.resourceUriLength)}`), all)
})

test('what only some file systems take for the same path is another one, for which there is the rule for the rest', () => {
  const narrow = readOperationRules({ resources: { 'file:///private/*': ['private'], '*': ['rest'] } })
  const read = (uri: string) => narrow(operationsIn({ method: 'resources/read', params: { uri } }))
  for (const uri of ['file:///PRIVATE/a', 'file:///private%00/a', 'file:///c|/../private/a', 'file:///private']) {
    assert.deepEqual(read(uri), [['rest']], uri)
  }
  // These are the same to whoever parses the URI.
  for (const uri of [
    'file:///pri\tvate/a',
    ' file:///private/a',
    'file:\\\\\\private\\a',
    'file://localhost/private/a',
  ]) {
    assert.deepEqual(read(uri).slice(0, 1), [['private']], uri)
  }
})

test('more URIs than can be looked up in no time need all that any resource needs', () => {
  const listen = (uris: readonly string[]) =>
    needs('subscriptions/listen', { notifications: { resourceSubscriptions: uris } })
  const long = `config://app${'%25'.repeat(1000)}`
  const startedAt = performance.now()
  const uris = Array.from({ length: 1300 }, (_, index) => long + index)
  assert.deepEqual(listen(uris), [['files:read'], ['private'], ['config'], ['rest']])
  assert.ok(performance.now() - startedAt < 1000)
  assert.deepEqual(listen(Array.from({ length: 1_000_000 }, () => '')), [
    ['files:read'],
    ['private'],
    ['config'],
    ['rest'],
  ])
  assert.ok(performance.now() - startedAt < 2000)
  assert.deepEqual(listen(['config://app', 'file:///a']), [['config'], ['files:read']])
})

test('a name behind __proto__ is refused, for there are validators that make it the name', () => {
  const refused: readonly (readonly [method: string, params: string])[] = [
    ['tools/call', '{"__proto__": {"name": "delete"}}'],
    ['tools/call', '{"name": "ping", "__proto__": {}}'],
    ['resources/read', '{"__proto__": {"uri": "file:///private/a"}}'],
    ['completion/complete', '{"ref": {"__proto__": {"type": "ref/prompt", "name": "review"}}}'],
    ['subscriptions/listen', '{"notifications": {"__proto__": {"resourceSubscriptions": ["file:///private/a"]}}}'],
    ['tools/list', '{"__proto__": {}}'],
  ]
  for (const [method, params] of refused) {
    assert.throws(() => needs(method, JSON.parse(params)), { reason: 'body_unreadable' }, params)
  }
  assert.throws(() => operationsIn(JSON.parse('{"__proto__": {"method": "tools/call"}}')), {
    reason: 'body_unreadable',
  })
  const inArguments = JSON.parse('{"name": "ping", "arguments": {"__proto__": {"name": "delete"}}}')
  assert.deepEqual(needs('tools/call', inArguments), [[]])
})

test('completion needs its own and what it completes', () => {
  const argument = { name: 'x', value: '' }
  const prompt = { type: 'ref/prompt', name: 'review' }
  assert.deepEqual(needs('completion/complete', { ref: prompt, argument }), [['complete'], ['review']])
  const template = { type: 'ref/resource', uri: 'file:///private/{name}' }
  assert.deepEqual(needs('completion/complete', { ref: template, argument }), [
    ['complete'],
    ['files:read'],
    ['private'],
  ])
  assert.deepEqual(needs('completion/complete', { ref: { type: 'other' } }), [['complete']])
})

test('what asks for nothing needs nothing', () => {
  for (const method of [
    'initialize',
    'ping',
    'tools/list',
    'resources/list',
    'server/discover',
    'notifications/initialized',
  ]) {
    assert.deepEqual(needs(method, { name: 'delete', uri: 'file:///private/a' }), [], method)
  }
  for (const params of [
    undefined,
    null,
    7,
    [],
    { name: 7 },
    { name: ['delete'] },
    { uri: null },
    { ref: 'x' },
    { notifications: { resourceSubscriptions: 'x' } },
  ]) {
    for (const method of ['tools/call', 'prompts/get', 'resources/read', 'subscriptions/listen'])
      assert.deepEqual(needs(method, params), [])
    assert.deepEqual(needs('completion/complete', params), [['complete']])
  }
  for (const message of [null, 7, 'tools/call', [], [{ method: 'tools/call', params: { name: 'delete' } }], {}]) {
    assert.deepEqual(operationsIn(message), [])
  }
})

test('a message without an id, or that claims to be an answer, is looked at all the same', () => {
  const params = { name: 'delete' }
  for (const message of [
    { method: 'tools/call', params },
    { method: 'tools/call', params, id: null, result: {} },
  ]) {
    assert.deepEqual(rulesOf(operationsIn(message)), [['files:write']])
  }
})

const mistakes: readonly [option: string, rules: unknown][] = [
  ['rules.tool', { tool: {} }],
  ['rules', []],
  ['tools', { tools: ['delete'] }],
  ['tools.delete', { tools: { delete: 'files:write' } }],
  ['tools.delete', { tools: { delete: undefined } }],
  ['tools.delete', { tools: { delete: null } }],
  ['tools.delete[0]', { tools: { delete: ['files write'] } }],
  ['tools.delete.anyOf', { tools: { delete: { anyOf: [] } } }],
  ['tools.delete.allOf', { tools: { delete: { allOf: ['a'] } } }],
  ['tools.delete', { tools: { delete: ['a', 'offline_access'] } }],
  ['prompts.review[1]', { prompts: { review: ['a', ''] } }],
  ['resources.file:///*', { resources: { 'file:///*': ['openid'] } }],
  ['completion', { completion: 'a' }],
]

for (const [option, rules] of mistakes) {
  test(`${JSON.stringify(rules)} names ${option}`, () => {
    assert.throws(
      () => readOperationRules(rules as OperationRules),
      (error) => error instanceof ConfigError && error.option === option,
    )
  })
}
