import assert from 'node:assert/strict'
import { test } from 'node:test'
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
  return operationsIn({ jsonrpc: '2.0', id: 1, method, params }).flatMap(rulesOf)
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
    assert.deepEqual(operationsIn(message).flatMap(rulesOf), [['files:write']])
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
