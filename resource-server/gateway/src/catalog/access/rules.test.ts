import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AccessRule } from '../types.ts'
import { type AccessSubject, rulesOf } from './rules.ts'

const stranger: AccessSubject = {
  kind: 'stranger',
  apiKeyName: undefined,
  issuer: undefined,
  clientId: '',
  scopes: new Set(),
  groups: new Set(),
  claims: {},
}
const token = (more: Partial<AccessSubject> = {}): AccessSubject => ({
  ...stranger,
  kind: 'token',
  issuer: 'https://as.example',
  clientId: 'agent',
  ...more,
})
const key = (apiKeyName: string, ...scopes: string[]): AccessSubject => ({
  ...stranger,
  kind: 'api-key',
  clientId: 'apikey:key-1',
  apiKeyName,
  scopes: new Set(scopes),
})

test('who meets all parts of one rule that names the tool may call it', () => {
  const rules = rulesOf([
    { tools: ['read'], clients: ['agent'], scopes: ['files:read'] },
    { tools: ['read', 'write'], groups: ['Engineers'] },
    { tools: ['admin'], claims: { role: ['root', 'admin'], level: 3 } },
    { tools: ['echo'] },
    { tools: ['*'], apiKeys: ['ops'] },
  ])
  const allowed = (tool: string, subject: AccessSubject) => rules(tool, subject).allowed
  assert.equal(allowed('read', token({ scopes: new Set(['files:read']) })), true)
  assert.equal(allowed('read', token({ clientId: 'other', scopes: new Set(['files:read']) })), false)
  assert.equal(allowed('read', token({ clientId: 'other', groups: new Set(['Engineers']) })), true)
  assert.equal(allowed('write', token({ scopes: new Set(['files:read']) })), false)
  assert.equal(allowed('admin', token({ claims: { role: ['guest', 'admin'], level: 3 } })), true)
  assert.equal(allowed('admin', token({ claims: { role: 'root', level: '3' } })), false)
  assert.equal(allowed('admin', token({ claims: { level: 3 } })), false)
  assert.equal(allowed('echo', stranger), true)
  assert.equal(allowed('anything', key('ops')), true)
  assert.equal(allowed('anything', key('dev')), false)
  assert.equal(allowed('anything', token({ clientId: 'ops' })), false)
  assert.deepEqual(rules('read', token()), { allowed: false, scopes: ['files:read'] })
  assert.deepEqual(rules('anything', token()), { allowed: false })
  assert.deepEqual(rules(undefined, key('ops')), { allowed: false }, 'a call that names no tool calls none that may be')
})

test('scopes are told where they are all that is lacking, of the rule that lacks fewest; to a key never', () => {
  const rules = rulesOf([
    { tools: ['t'], scopes: ['a', 'b', 'c'] },
    { tools: ['*'], scopes: ['d', 'e'] },
    { tools: ['t'], scopes: ['z'], clients: ['somebody-else'] },
  ])
  assert.deepEqual(rules('t', token({ scopes: new Set(['a', 'c']) })), { allowed: false, scopes: ['a', 'b', 'c'] })
  assert.deepEqual(rules('t', token({ scopes: new Set(['a']) })), { allowed: false, scopes: ['a', 'b', 'c'] })
  assert.deepEqual(rules('t', token()), { allowed: false, scopes: ['d', 'e'] })
  assert.deepEqual(rules('t', key('k')), { allowed: false })
  assert.deepEqual(rules('t', stranger), { allowed: false })
})

test('names are compared as they are: no case, no normal form, no prototype', () => {
  const rules = rulesOf([
    { tools: ['delete', 'café'], clients: ['agent'] },
    { tools: ['claimed'], claims: { constructor: 'x' } },
  ])
  for (const tool of [
    'Delete',
    'DELETE',
    'delete ',
    ' delete',
    'ｄelete',
    'cafe\u0301',
    'delete\u200b',
    '',
    '*',
    '__proto__',
  ]) {
    assert.equal(rules(tool, token()).allowed, false, JSON.stringify(tool))
  }
  assert.equal(rules('café', token()).allowed, true)
  for (const clientId of ['Agent', 'agent\u0000', 'agent '])
    assert.equal(rules('delete', token({ clientId })).allowed, false)
  assert.equal(rules('claimed', token()).allowed, false)
})

const names = ['a', 'b', 'c'] as const
const some = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
const part = fc.option(some, { nil: undefined })
const anyRule = fc
  .record({
    tools: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', '*'), { minLength: 1, maxLength: 3 }),
    scopes: part,
    clients: part,
    groups: part,
    apiKeys: part,
    claims: fc.option(fc.dictionary(fc.constantFrom('p', 'q'), fc.oneof(fc.constantFrom(...names), some)), {
      nil: undefined,
    }),
  })
  .map(
    (rule) =>
      Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) as unknown as AccessRule,
  )
const anySubject = fc.record({
  kind: fc.constantFrom('api-key', 'token', 'stranger'),
  apiKeyName: fc.option(fc.constantFrom(...names), { nil: undefined }),
  issuer: fc.constant('https://as.example'),
  clientId: fc.constantFrom(...names),
  scopes: fc.uniqueArray(fc.constantFrom(...names)).map((list) => new Set<string>(list)),
  groups: fc.uniqueArray(fc.constantFrom(...names)).map((list) => new Set<string>(list)),
  claims: fc.dictionary(fc.constantFrom('p', 'q'), fc.oneof(fc.constantFrom(...names), some)),
}) satisfies fc.Arbitrary<AccessSubject>

/** The rules as the documentation has them, read word by word, without anything made ready. */
function naive(rules: readonly AccessRule[], tool: string, subject: AccessSubject): boolean {
  return rules.some(
    (rule) => (rule.tools.includes(tool) || rule.tools.includes('*')) && parts.every((isMet) => isMet(rule, subject)),
  )
}

const isToken = ({ kind }: AccessSubject) => kind === 'token'
const parts: readonly ((rule: AccessRule, subject: AccessSubject) => boolean)[] = [
  ({ scopes }, subject) => !scopes || scopes.every((scope) => subject.scopes.has(scope)),
  ({ clients }, subject) => !clients || (isToken(subject) && clients.includes(subject.clientId)),
  ({ groups }, subject) => !groups || (isToken(subject) && groups.some((group) => subject.groups.has(group))),
  ({ apiKeys }, { kind, apiKeyName = '' }) => !apiKeys || (kind === 'api-key' && apiKeys.includes(apiKeyName)),
  ({ claims }, subject) =>
    !claims ||
    (isToken(subject) &&
      Object.entries(claims).every(([name, wanted]) => {
        const has = name in subject.claims ? [subject.claims[name]].flat() : []
        return has.some((value) => [wanted].flat().some((one) => one === value))
      })),
]

test('property: the rules made ready say what the rules read word by word say, and scopes that are told do help', () => {
  fc.assert(
    fc.property(
      fc.array(anyRule, { maxLength: 6 }),
      fc.constantFrom('a', 'b', 'c', 'd'),
      anySubject,
      (rules, tool, subject) => {
        const verdict = rulesOf(rules)(tool, subject)
        assert.equal(verdict.allowed, naive(rules, tool, subject))
        if (verdict.allowed || verdict.scopes === undefined) {
          // With every scope there is: whoever is refused without a word about scopes would be all the same.
          if (!verdict.allowed && subject.kind === 'token') {
            assert.equal(naive(rules, tool, { ...subject, scopes: new Set(names) }), false)
          }
          return
        }
        assert.equal(naive(rules, tool, { ...subject, scopes: new Set([...subject.scopes, ...verdict.scopes]) }), true)
      },
    ),
    { numRuns: 3000 },
  )
})
