import assert from 'node:assert/strict'
import { test } from 'node:test'
import { access, serviceCreate, validate } from '../index.ts'

const message = 'nothing can have this name; choose another, or remove it'

// zod passes such a member of a record over: the rule was stored without it, and held for everybody.
test('a claim that is named __proto__ is refused, in a rule and in an authorizer', () => {
  const rule = JSON.parse('{"rules":[{"tools":["echo"],"claims":{"__proto__":"x","department":"finance"}}]}')
  const field = 'rules[0].claims.__proto__'
  assert.deepEqual(validate(access, rule), { ok: false, errors: [{ field, code: 'invalid', message }] })
  const service = JSON.parse(`{"name":"a","path":"/a","backend":{"type":"builtin"},"authorizers":[
    {"type":"CustomJWT","discoveryUrl":"https://as.example/.well-known/openid-configuration","claims":{"__proto__":"x"}}]}`)
  const refused = validate(serviceCreate, service)
  assert.ok(!refused.ok)
  assert.deepEqual(refused.errors, [{ field: 'authorizers[0].claims.__proto__', code: 'invalid', message }])
})

test('it is told beside other mistakes; a document is its author’s', () => {
  const value = JSON.parse('{"name":1,"path":"/a","__proto__":{},"backend":{"type":"builtin"}}')
  const refused = validate(serviceCreate, value)
  assert.ok(!refused.ok)
  assert.deepEqual(refused.errors.map(({ field }) => field).sort(), ['__proto__', 'name'])
  const document = JSON.parse('{"openapi":"3.1.0","components":{"schemas":{"A":{"properties":{"__proto__":{}}}}}}')
  assert.ok(validate(serviceCreate, { name: 'a', path: '/a', backend: { type: 'openapi', document } }).ok)
})

test('a rule on claims that names none is refused: it would hold for everybody', () => {
  const refused = validate(access, { rules: [{ tools: ['echo'], claims: {} }] })
  assert.ok(!refused.ok)
  assert.deepEqual(refused.errors, [{ field: 'rules[0].claims', code: 'invalid', message: 'must not be empty' }])
})
