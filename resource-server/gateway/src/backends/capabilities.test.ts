import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { askable, mayAsk } from './capabilities.ts'
import type { JsonObject } from './json-rpc.ts'

test('what a client can be asked for, in one spelling', () => {
  const cases: readonly (readonly [JsonObject | undefined, JsonObject])[] = [
    [undefined, {}],
    [{}, {}],
    [{ roots: {}, tasks: {}, experimental: { a: {} } }, { roots: {} }],
    [{ roots: { listChanged: true, more: 1 } }, { roots: { listChanged: true } }],
    [{ roots: { listChanged: 'yes' } }, { roots: {} }],
    [{ elicitation: {} }, { elicitation: { form: {} } }],
    [{ elicitation: { url: { a: 1 } } }, { elicitation: { url: {} } }],
    [{ sampling: { tools: {}, context: {}, x: {} } }, { sampling: { context: {}, tools: {} } }],
    [{ roots: true, sampling: [], elicitation: null }, {}],
  ]
  for (const [declared, known] of cases) assert.deepEqual(askable(declared), known)
})

test('there are few kinds of clients, whatever they declare', () => {
  const kinds = new Set<string>()
  const value = fc.oneof(fc.constant({}), fc.jsonValue({ maxDepth: 2 }))
  const part = fc.dictionary(fc.constantFrom('form', 'url', 'tools', 'context', 'listChanged', 'x', '__proto__'), value)
  const names = fc.constantFrom('roots', 'sampling', 'elicitation', 'tasks', 'x', '__proto__')
  fc.assert(
    fc.property(fc.dictionary(names, fc.oneof(part, value)), (declared) => {
      const known = askable(declared as JsonObject)
      kinds.add(JSON.stringify(known))
      assert.deepEqual(askable(known), known)
    }),
    { numRuns: 2000 },
  )
  assert.ok(kinds.size > 4 && kinds.size <= 60, `${kinds.size} kinds`)
})

test('a backend may ask what was declared, and nothing else', () => {
  const all = askable({ roots: {}, sampling: {}, elicitation: {} })
  const ask = (method: string, params?: JsonObject) =>
    mayAsk(all, params === undefined ? { method } : { method, params })
  assert.deepEqual(
    [ask('roots/list'), ask('sampling/createMessage', { messages: [] }), ask('elicitation/create', { mode: 'form' })],
    [true, true, true],
  )
  assert.equal(ask('elicitation/create'), true)
  for (const [method, params] of [
    ['elicitation/create', { mode: 'url' }],
    ['sampling/createMessage', { tools: [] }],
    ['sampling/createMessage', { toolChoice: {} }],
    ['tasks/get', {}],
    ['Roots/list', {}],
    ['__proto__', {}],
    ['tools/call', {}],
  ] as const) {
    assert.equal(ask(method, params), false, method)
  }
  const none = askable({})
  for (const method of ['roots/list', 'sampling/createMessage', 'elicitation/create']) {
    assert.equal(mayAsk(none, { method }), false)
  }
  const more = askable({ sampling: { tools: {} }, elicitation: { url: {} } })
  assert.equal(mayAsk(more, { method: 'sampling/createMessage', params: { tools: [] } }), true)
  assert.equal(mayAsk(more, { method: 'elicitation/create', params: { mode: 'url' } }), true)
  assert.equal(mayAsk(more, { method: 'elicitation/create', params: {} }), false)
})
