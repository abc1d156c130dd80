import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import { access } from './access.ts'
import { apiKeyRotate } from './api-key.ts'
import { serviceCreate, servicePatch } from './service.ts'
import { validate } from './validate.ts'

test('access as it may be: absent, empty, whole', () => {
  const whole = {
    mode: 'dryRun',
    rules: [
      { tools: ['read', '*'], scopes: ['a'], clients: ['c'], groups: ['Engineers'], claims: { role: ['x'], level: 3 } },
      { tools: ['svc__tool'], apiKeys: ['the CI'], scopes: ['a'] },
    ],
    limits: { requestsPerMinute: 60, concurrent: 1 },
    audit: { arguments: true },
  }
  for (const value of [{}, { mode: 'enforce' }, { limits: {} }, whole]) {
    assert.deepEqual(validate(access, value), { ok: true, value })
  }
  const service = { name: 's', path: '/s', backend: { type: 'builtin' } }
  assert.ok(validate(serviceCreate, { ...service, access: whole }).ok)
  assert.ok(validate(servicePatch, { access: null }).ok)
  assert.equal(validate(serviceCreate, { ...service, access: null }).ok, false)
})

const rule = (value: object) => ({ rules: [{ tools: ['t'], ...value }] })
const refused: [what: string, value: object, field: string, message: RegExp][] = [
  ['an unknown mode', { mode: 'dry-run' }, 'mode', /enforce, dryRun/],
  ['an unknown field', { rule: [] }, 'rule', /did you mean "rules"/],
  ['no rules at all, which might mean nobody or everybody', { rules: [] }, 'rules', /at least 1/],
  ['a rule about no tool', { rules: [{ tools: [] }] }, 'rules[0].tools', /at least 1/],
  ['a rule without tools', { rules: [{ clients: ['c'] }] }, 'rules[0].tools', /required/],
  ['an empty part, which nobody or everybody might meet', rule({ scopes: [] }), 'rules[0].scopes', /at least 1/],
  ['nobody', rule({ clients: [] }), 'rules[0].clients', /at least 1/],
  ['a tool twice', { rules: [{ tools: ['t', 't'] }] }, 'rules[0].tools[1]', /same as \[0\]/],
  ['a tool that ends with a space', { rules: [{ tools: ['t '] }] }, 'rules[0].tools[0]', /space/],
  ['a tool with a control character', { rules: [{ tools: ['a\u0000b'] }] }, 'rules[0].tools[0]', /control/],
  ['a scope that is two', rule({ scopes: ['a b'] }), 'rules[0].scopes[0]', /one scope/],
  ['a scope that no client is asked for', rule({ scopes: ['offline_access'] }), 'rules[0].scopes[0]', /never asked/],
  ['keys and clients', rule({ apiKeys: ['k'], clients: ['c'] }), 'rules[0].clients', /write two rules/],
  ['keys and claims', rule({ apiKeys: ['k'], claims: { a: 1 } }), 'rules[0].claims', /write two rules/],
  ['a claim that is an object', rule({ claims: { a: {} } }), 'rules[0].claims.a', /./],
  ['no requests', { limits: { requestsPerMinute: 0 } }, 'limits.requestsPerMinute', /at least 1/],
  ['half a request', { limits: { concurrent: 0.5 } }, 'limits.concurrent', /whole number/],
  ['an audit of something else', { audit: { results: true } }, 'audit.results', /no such field/],
  [
    'too many rules',
    { rules: Array.from({ length: limits.accessRules + 1 }, () => ({ tools: ['t'] })) },
    'rules',
    /more than/,
  ],
]
for (const [what, value, field, message] of refused) {
  test(`access is refused with ${what}`, () => {
    const checked = validate(access, value)
    assert.ok(!checked.ok)
    assert.equal(checked.errors[0]?.field, field)
    assert.match(checked.errors[0]?.message ?? '', message)
  })
}

test('a rotation brings no value of its own, and its grace is bounded', () => {
  assert.deepEqual(validate(apiKeyRotate, {}), { ok: true, value: { grace: 86_400 } })
  assert.ok(validate(apiKeyRotate, { grace: 0, expiresAt: null }).ok)
  for (const [body, field] of [
    [{ key: `pst_${'x'.repeat(43)}` }, 'key'],
    [{ keyHash: 'x' }, 'keyHash'],
    [{ grace: -1 }, 'grace'],
    [{ grace: limits.apiKeyGraceMax + 1 }, 'grace'],
    [{ grace: 1.5 }, 'grace'],
    [{ name: 'other' }, 'name'],
  ] as const) {
    const checked = validate(apiKeyRotate, body)
    assert.equal(checked.ok ? undefined : checked.errors[0]?.field, field)
  }
})
