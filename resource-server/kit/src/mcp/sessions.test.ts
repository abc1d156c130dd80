import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AuthInfoInput, createAuthInfo } from '../auth-info.ts'
import { ConfigError } from '../options/config-error.ts'
import { bindSessions, callerKey, createSessionId } from './sessions.ts'

function caller(changes: Partial<AuthInfoInput> = {}) {
  return createAuthInfo({
    kind: 'jwt',
    token: createSessionId(),
    issuer: 'https://as.example',
    subject: 'alice',
    clientId: 'app',
    scopes: ['read'],
    audience: ['https://mcp.example/mcp'],
    resource: 'https://mcp.example/mcp',
    ...changes,
  })
}

test('a session is found by its caller, whichever token they have now, and by nobody else', () => {
  const sessions = bindSessions<string>()
  sessions.set('1', caller(), 'hers')
  assert.equal(sessions.get('1', caller({ token: 'refreshed', scopes: [] })), 'hers')
  const others = [{ subject: 'bob' }, { clientId: 'other' }, { issuer: 'https://as2.example' }, { subject: '' }]
  for (const changes of others) assert.equal(sessions.get('1', caller(changes)), undefined)
  assert.equal(sessions.get('2', caller()), undefined)
  assert.equal(sessions.get(undefined, caller()), undefined)
  assert.equal(sessions.size, 1)
  sessions.delete('1')
  sessions.delete('1')
  assert.equal(sessions.get('1', caller()), undefined)
  assert.equal(sessions.size, 0)
})

test('callers whom a verifier gives no name are not one caller', () => {
  for (const nameless of [{ kind: 'custom', subject: '' } as const, { subject: '', clientId: '' }]) {
    const sessions = bindSessions<string>()
    const alice = caller(nameless)
    sessions.set('1', alice, 'hers')
    assert.equal(sessions.get('1', caller({ ...nameless, token: alice.token })), 'hers')
    assert.equal(sessions.get('1', caller(nameless)), undefined)
    assert.throws(() => callerKey(alice), TypeError)
  }
  const machine = { subject: '', clientId: 'machine' }
  assert.equal(callerKey(caller(machine)), callerKey(caller(machine)))
})

test('names that run into one another are not one caller', () => {
  const sessions = bindSessions<string>()
  sessions.set('1', caller({ issuer: 'a', subject: 'b","c', clientId: 'd' }), 'x')
  assert.equal(sessions.get('1', caller({ issuer: 'a', subject: 'b', clientId: 'c","d' })), undefined)
  assert.equal(sessions.get('1', caller({ issuer: 'a","b', subject: 'c', clientId: 'd' })), undefined)
})

test('an id is taken once', () => {
  const sessions = bindSessions<string>()
  sessions.set('1', caller(), 'hers')
  assert.throws(() => sessions.set('1', caller({ subject: 'bob' }), 'his'), TypeError)
  assert.equal(sessions.get('1', caller()), 'hers')
})

test('a caller with too many loses the own one not used for longest', () => {
  const evicted: string[] = []
  const sessions = bindSessions<string>({ maxPerCaller: 2, onEvict: (session) => evicted.push(session) })
  const bob = caller({ subject: 'bob' })
  sessions.set('b', bob, 'b')
  for (const id of ['1', '2']) sessions.set(id, caller(), id)
  sessions.get('1', caller())
  sessions.set('3', caller(), '3')
  assert.deepEqual(evicted, ['2'])
  assert.deepEqual([sessions.get('b', bob), sessions.get('1', caller()), sessions.get('3', caller())], ['b', '1', '3'])
})

test('with too many in all the one not used for longest goes', () => {
  const evicted: string[] = []
  const sessions = bindSessions<string>({ max: 2, onEvict: (session) => evicted.push(session) })
  const users = ['a', 'b', 'c'].map((subject) => caller({ subject }))
  for (const user of users) sessions.set(user.subject, user, user.subject)
  assert.deepEqual([evicted, sessions.size], [['a'], 2])
})

test('whatever happens, it stays within its bounds and nobody sees what is not theirs', () => {
  const step = fc.record({
    what: fc.constantFrom('set' as const, 'get' as const, 'delete' as const),
    id: fc.nat(20).map(String),
    subject: fc.constantFrom('a', 'b', 'c'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const live = new Map<string, string>()
      const sessions = bindSessions<string>({ max: 6, maxPerCaller: 3, onEvict: (id) => live.delete(id) })
      const play = {
        delete(id: string) {
          sessions.delete(id)
          live.delete(id)
        },
        get: (id: string, subject: string) =>
          assert.equal(sessions.get(id, caller({ subject })), live.get(id) === subject ? id : undefined),
        set(id: string, subject: string) {
          if (live.has(id)) return
          live.set(id, subject)
          sessions.set(id, caller({ subject }), id)
        },
      }
      for (const { what, id, subject } of steps) {
        play[what](id, subject)
        assert.equal(sessions.size, live.size)
        const owners = [...live.values()]
        const most = Math.max(...['a', 'b', 'c'].map((one) => owners.filter((owner) => owner === one).length))
        assert.ok(live.size <= 6 && most <= 3)
      }
    }),
  )
})

test('options that make no sense are named', () => {
  for (const [option, options] of [
    ['max', { max: 0 }],
    ['max', { max: 1.5 }],
    ['maxPerCaller', { maxPerCaller: Number.POSITIVE_INFINITY }],
    ['sessions.limit', { limit: 1 }],
    ['onEvict', { onEvict: 'x' }],
  ] as const) {
    assert.throws(
      () => bindSessions(options as object),
      (error) => error instanceof ConfigError && error.option === option,
    )
  }
})

test('session ids are long, random and fit for a header', () => {
  const ids = new Set(Array.from({ length: 1000 }, createSessionId))
  assert.equal(ids.size, 1000)
  for (const id of ids) assert.match(id, /^[\w-]{32}$/)
})
