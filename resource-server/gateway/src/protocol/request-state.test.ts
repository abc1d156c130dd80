import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { createSealer } from '@postern/server'
import fc from 'fast-check'
import type { JsonObject } from '../backends/json-rpc.ts'
import { createRequestStates, digestOf } from './request-state.ts'

const owner = { serviceId: 'svc', callerKey: 'apikey:1' }
const request = { method: 'tools/call', params: { name: 'deploy', arguments: { to: 'test' } } }
const state = { kind: 'backend', state: 'opaque' } as const

test('a state is what it was for its owner and request, until it expires', () => {
  const clock = createTestClock()
  const states = createRequestStates({ sealer: undefined, clock, lifetimeMs: 1000 })
  const sealed = states.seal(state, owner, request)
  assert.ok(!sealed.includes('opaque'))
  const opened = states.open(sealed, owner, request)
  assert.ok(typeof opened === 'object' && opened.kind === 'backend' && opened.state === 'opaque')
  clock.advance(999)
  assert.equal(typeof states.open(sealed, owner, request), 'object')
  clock.advance(1)
  assert.equal(states.open(sealed, owner, request), 'expired')
})

test('nobody else’s, no other request’s, no other gateway’s', () => {
  const clock = createTestClock()
  const options = { clock, lifetimeMs: 1000 }
  const key = randomBytes(32)
  const states = createRequestStates({ ...options, sealer: createSealer(key) })
  const sealed = states.seal(state, owner, request)
  for (const [who, what] of [
    [{ ...owner, serviceId: 'other' }, request],
    [{ ...owner, callerKey: 'apikey:2' }, request],
    [{ serviceId: 'svc","apikey', callerKey: ':1' }, request],
    [owner, { ...request, method: 'prompts/get' }],
    [owner, { ...request, params: { ...request.params, arguments: { to: 'production' } } }],
    [owner, { method: request.method }],
  ] as const) {
    assert.equal(states.open(sealed, who, what), 'forged')
  }
  assert.equal(createRequestStates({ ...options, sealer: undefined }).open(sealed, owner, request), 'forged')
  // With the key kept, a gateway that was started again knows it.
  const again = createRequestStates({ ...options, sealer: createSealer(key) })
  assert.equal(typeof again.open(sealed, owner, request), 'object')
  // A value that was sealed for something else is no state.
  assert.equal(states.open(createSealer(key).seal(JSON.stringify(state), 'client secret'), owner, request), 'forged')
})

test('whatever is made up is refused, and nothing is thrown', () => {
  const states = createRequestStates({ sealer: undefined, clock: createTestClock(), lifetimeMs: 1000 })
  const sealed = states.seal(state, owner, request)
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String().map((text) => `v1.${text}`),
      ),
      (made) => {
        assert.equal(states.open(made, owner, request), 'forged')
      },
    ),
  )
  fc.assert(
    // The last character holds bits that nothing reads.
    fc.property(fc.nat(sealed.length - 2), fc.constantFrom(...'ABCabc012-_'), (at, character) => {
      const changed = sealed.slice(0, at) + character + sealed.slice(at + 1)
      if (changed !== sealed) assert.equal(states.open(changed, owner, request), 'forged')
    }),
  )
})

test('a request is the same in whatever order it is written, and with whatever it brings back', () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, reversed(inner)]),
    )
  }
  const params = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })) as fc.Arbitrary<JsonObject>
  fc.assert(
    fc.property(params, (given) => {
      const digest = digestOf({ method: 'm', params: { ...given, _meta: {}, requestState: 'x', inputResponses: {} } })
      const other = { ...(reversed(given) as JsonObject), _meta: { a: 1 }, requestState: 'y' }
      assert.equal(digestOf({ method: 'm', params: other }), digest)
      assert.notEqual(digestOf({ method: 'n', params: given }), digest)
      assert.notEqual(digestOf({ method: 'm', params: { ...given, 'one more': 1 } }), digest)
    }),
  )
  // An object and the list of its pairs are two things.
  const [object, list] = [{ a: { b: 1 } }, { a: [['b', 1]] }]
  assert.notEqual(digestOf({ method: 'm', params: object }), digestOf({ method: 'm', params: list }))
})
