import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { mask, maskBackend, scrub, unmaskBackend } from './masked.ts'
import type { Backend } from './types.ts'

const secrets = fc.dictionary(
  fc.stringMatching(/^[A-Z_]{1,8}$/),
  fc.string({ minLength: 1 }).filter((s) => s !== mask),
  { noNullPrototype: true },
)
const backends: fc.Arbitrary<Backend> = fc.oneof(
  secrets.map((env) => ({ type: 'stdio' as const, command: 'run', env })),
  secrets.map((headers) => ({ type: 'http' as const, url: 'https://mcp.example/', headers })),
  fc
    .tuple(
      secrets,
      secrets.map(({ A = 'secret' }) => A),
    )
    .map(([headers, clientSecret]) => ({
      type: 'openapi' as const,
      document: { openapi: '3.1.0' },
      headers,
      oauth: { tokenUrl: 'https://idp.example/token', clientId: 'gateway', clientSecret },
    })),
  fc.constant({ type: 'builtin' as const }),
)

test('what was masked is found again where it is stored, whatever it is', () => {
  fc.assert(
    fc.property(backends, (backend) => {
      const { backend: again, faults } = unmaskBackend(maskBackend(backend), backend)
      assert.deepEqual(again, backend)
      assert.deepEqual(faults, [])
    }),
  )
})

test('a masked backend shows no value', () => {
  const shown = maskBackend({ type: 'stdio', command: 'run', args: ['x'], env: { TOKEN: 'secret', OTHER: '' } })
  assert.deepEqual(shown, { type: 'stdio', command: 'run', args: ['x'], env: { TOKEN: mask, OTHER: mask } })
})

test('a client secret is masked, scrubbed, and wanted where none is stored', () => {
  const oauth = { tokenUrl: 'https://idp.example/token', clientId: 'gateway', clientSecret: 'the-secret' }
  const stored: Backend = { type: 'http', url: 'https://mcp.example/', oauth }
  const shown = maskBackend(stored)
  assert.deepEqual(shown, { ...stored, oauth: { ...oauth, clientSecret: mask } })
  assert.equal(scrub('it said the-secret', stored), `it said ${mask}`)
  const { faults } = unmaskBackend(shown, { type: 'http', url: 'https://mcp.example/' })
  assert.deepEqual(
    faults.map(({ field }) => field),
    ['backend.oauth.clientSecret'],
  )
})

test('names that are long and alike are told apart', () => {
  const long = 'X'.repeat(100)
  const stored: Backend = {
    type: 'http',
    url: 'https://mcp.example/',
    headers: { [`${long}-1`]: 'a', [`${long}-2`]: 'b' },
  }
  assert.deepEqual(unmaskBackend(maskBackend(stored), stored).backend, stored)
})

test('a mask is a fault where nothing is stored under the name, or where another kind of backend is', () => {
  const asked: Backend = { type: 'stdio', command: 'run', env: { A: mask, B: 'b', C: mask } }
  const stored: Backend = { type: 'stdio', command: 'run', env: { A: 'a' } }
  const { backend, faults } = unmaskBackend(asked, stored)
  assert.deepEqual(backend, { ...asked, env: { A: 'a', B: 'b', C: mask } })
  assert.deepEqual(
    faults.map(({ field }) => field),
    ['backend.env.C'],
  )
  const http: Backend = { type: 'http', url: 'https://mcp.example/', headers: { A: 'a' } }
  assert.equal(unmaskBackend(asked, http).faults.length, 2)
  const inherited: Backend = { type: 'stdio', command: 'run', env: { constructor: mask } }
  assert.equal(unmaskBackend(inherited, stored).faults.length, 1)
})

test('a reason is one bounded line without any value', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), secrets, (parts, env) => {
      const values = Object.values(env)
      const message = parts.flatMap((part, index) => [part, values[index % (values.length || 1)] ?? '']).join('\n')
      const text = scrub(message, { type: 'stdio', command: 'run', env })
      assert.ok(text.length <= limits.statusReason)
      assert.doesNotMatch(text, /[\p{Cc}]/u)
      for (const value of values) {
        if (value.trim().length >= limits.scrubbedValue && !mask.includes(value))
          assert.ok(!text.includes(value), value)
      }
    }),
  )
  assert.equal(scrub(`${'x'.repeat(5000)}`, { type: 'builtin' }).length, limits.statusReason)
})

test('the longer of two values that overlap is taken out whole', () => {
  const backend: Backend = { type: 'stdio', command: 'run', env: { A: 'secret', B: 'secret-and-more' } }
  assert.equal(scrub('it was secret-and-more', backend), `it was ${mask}`)
})
