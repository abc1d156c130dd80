import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { formatPath, parsePath } from './paths.ts'
import { strict, validate, withRules } from './validate.ts'

const inner = strict({ kind: z.enum(['one', 'two']), size: z.number().int().min(1).max(9).exactOptional() })
const schema = strict({
  name: z.string().min(1).max(5),
  flag: z.boolean().exactOptional(),
  list: z.array(inner).max(2).exactOptional(),
  map: z.record(z.string().regex(/^[A-Z]+$/, 'must be upper case'), z.string()).exactOptional(),
  any: z
    .discriminatedUnion('type', [strict({ type: z.literal('a') }), strict({ type: z.literal('b'), x: z.string() })])
    .exactOptional(),
})

function errorsOf(value: unknown): string[] {
  const result = validate(schema, value)
  return result.ok ? [] : result.errors.map(({ field, code, message }) => `${field} ${code}: ${message}`)
}

test('each kind of mistake has its field, code and mend', () => {
  const table: [unknown, ...string[]][] = [
    [undefined, ' required: is required'],
    [null, ' invalid: must be an object, not null'],
    [[], ' invalid: must be an object, not an array'],
    ['x', ' invalid: must be an object, not a string'],
    [{}, 'name required: is required'],
    [{ name: null }, 'name invalid: must be a string, not null'],
    [{ name: '' }, 'name too_short: must not be empty'],
    [{ name: 'abcdef' }, 'name too_long: has more than 5 characters; shorten it'],
    [{ name: 'a', nmae: 1 }, 'nmae unknown_field: there is no such field; did you mean "name"?'],
    [{ name: 'a', zzz: 1 }, 'zzz unknown_field: there is no such field; the fields are name, flag, list, map, any'],
    [
      { name: 'a', zzz: 1, flga: 1 },
      'zzz unknown_field: there is no such field; the fields are name, flag, list, map, any',
      'flga unknown_field: there is no such field; did you mean "flag"?',
    ],
    [{ name: 'a', flag: 'true' }, 'flag invalid: must be a boolean, not a string'],
    [
      { name: 'a', list: [{ kind: 'one' }, { kind: 'tow' }] },
      'list[1].kind invalid: must be one of one, two; did you mean "two"?',
    ],
    [{ name: 'a', list: [{ kind: 3 }] }, 'list[0].kind invalid: must be one of one, two'],
    [{ name: 'a', list: [{ kind: 'one', size: 1.5 }] }, 'list[0].size invalid: must be a whole number, not a fraction'],
    [{ name: 'a', list: [{ kind: 'one', size: 0 }] }, 'list[0].size out_of_range: must be at least 1'],
    [{ name: 'a', list: [{ kind: 'one', size: 10 }] }, 'list[0].size out_of_range: must be at most 9'],
    [
      { name: 'a', list: [{ kind: 'one' }, { kind: 'one' }, { kind: 'one' }] },
      'list too_long: has more than 2 items; remove some',
    ],
    [{ name: 'a', map: { a: 'x' } }, 'map.a invalid: must be upper case'],
    [{ name: 'a', map: { A: 1 } }, 'map.A invalid: must be a string, not a number'],
    [{ name: 'a', any: {} }, 'any.type required: is required'],
    [{ name: 'a', any: { type: 'cc' } }, 'any.type invalid: must be one of a, b'],
    [{ name: 'a', any: { type: 'b' } }, 'any.x required: is required'],
    [{ name: 'a', any: { type: 'a', xx: 1 } }, 'any.xx unknown_field: there is no such field; the fields are type'],
    [
      { flag: 1, list: 2 },
      'name required: is required',
      'flag invalid: must be a boolean, not a number',
      'list invalid: must be an array, not a number',
    ],
  ]
  for (const [value, ...expected] of table) assert.deepEqual(errorsOf(value), expected, JSON.stringify(value))
})

test('a value never appears in a message', () => {
  const secret = 'S3cr3tV4lue'
  const text = JSON.stringify([
    errorsOf({ name: secret }),
    errorsOf(secret),
    errorsOf({ name: 'a', flag: secret, list: [{ kind: secret }], map: { A: [secret] }, any: { type: secret } }),
  ])
  assert.ok(!text.includes(secret), text)
})

test('rules over several fields run when the fields are right', () => {
  const ruled = withRules(schema, ({ name, flag }) =>
    flag === true && name === 'a' ? [{ field: 'list[0].kind', code: 'limit', message: 'too many' }] : [],
  )
  assert.deepEqual(validate(ruled, { name: 'a', flag: true }), {
    ok: false,
    errors: [{ field: 'list[0].kind', code: 'limit', message: 'too many' }],
  })
  assert.deepEqual(validate(ruled, { name: 'b', flag: true }), { ok: true, value: { name: 'b', flag: true } })
})

test('__proto__ is a field like any other that is unknown, and touches no prototype', () => {
  const result = validate(schema, JSON.parse('{"name":"a","__proto__":{"polluted":1},"constructor":1,"toString":2}'))
  assert.ok(!result.ok)
  assert.deepEqual(result.errors.map(({ field }) => field).sort(), ['__proto__', 'constructor', 'toString'])
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('a path reads back as it was written', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(1_000), fc.string({ maxLength: 60 })), { maxLength: 6 }), (path) => {
      assert.deepEqual(parsePath(formatPath(path)), path)
    }),
  )
  assert.equal(formatPath(['redirectUris', 0]), 'redirectUris[0]')
  assert.equal(formatPath(['a', 'b-c', 3, 'x y', 'z']), 'a.b-c[3]["x y"].z')
})

test('the long name of an unknown field is cut', () => {
  for (const end of ['', '!']) {
    const [error = ''] = errorsOf({ name: 'a', [`${'x'.repeat(10_000)}${end}`]: 1 })
    assert.ok(error.length < 300, String(error.length))
    assert.match(error, /^\S{64,130} unknown_field: there is no such field/)
  }
})

test('where no field is known, an unknown one is to be removed', () => {
  const result = validate(strict({}), { x: 1 })
  assert.deepEqual(result.ok ? [] : result.errors, [
    { field: 'x', code: 'unknown_field', message: 'there is no such field; remove it' },
  ])
})

test('of a union, the form is meant that the value has the type of', () => {
  const text = z.string().regex(/^[a-z]+$/, 'must be lower case')
  const entry = z.union([text, strict({ text })], 'must be a text or {text}')
  const entries = strict({ one: z.union([entry, z.array(entry).max(2)], 'must be one or a list') })
  const table: [unknown, ...string[]][] = [
    ['a'],
    [['a', { text: 'b' }]],
    ['A', 'one invalid: must be lower case'],
    [{ text: 'A' }, 'one.text invalid: must be lower case'],
    [{ text: 'a', txt: 1 }, 'one.txt unknown_field: there is no such field; did you mean "text"?'],
    [['a', 'B'], 'one[1] invalid: must be lower case'],
    [['a', 'b', 'c'], 'one too_long: has more than 2 items; remove some'],
    [['a', 5], 'one[1] invalid: must be a text or {text}'],
    [5, 'one invalid: must be one or a list'],
    [null, 'one invalid: must be one or a list'],
  ]
  for (const [value, ...expected] of table) {
    const result = validate(entries, { one: value })
    const found = result.ok ? [] : result.errors.map(({ field, code, message }) => `${field} ${code}: ${message}`)
    assert.deepEqual(found, expected, JSON.stringify(value))
  }
})
