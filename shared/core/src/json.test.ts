import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isNestedDeeper, type JsonLimits, JsonProblem, type JsonProblemCode, parseJson } from './json.ts'
import { limits } from './limits.ts'

function refused(text: string, code: JsonProblemCode, options?: JsonLimits): void {
  assert.throws(
    () => parseJson(text, options),
    (error) => {
      assert.ok(error instanceof SyntaxError && error instanceof JsonProblem)
      assert.equal(error.code, code, text.slice(0, 80))
      return true
    },
  )
}

const jsonText = fc.json({ maxDepth: 6 }).filter((text) => isStrict(JSON.parse(text)))

function isStrict(value: unknown): boolean {
  return !JSON.stringify(value).includes('\\ud')
}

test('what it accepts, it reads as JSON.parse does', () => {
  fc.assert(
    fc.property(jsonText, fc.constantFrom('', ' ', '\n\t'), (text, space) => {
      assert.deepEqual(parseJson(space + text + space), JSON.parse(text))
    }),
  )
})

test('every text that it accepts JSON.parse accepts, and the reverse but for what is refused on purpose', () => {
  const noise = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\u0123456789.eE+-truefalsn \n'), maxLength: 24 })
  fc.assert(
    fc.property(noise, (text) => {
      try {
        assert.deepEqual(parseJson(text), JSON.parse(text))
      } catch (error) {
        assert.ok(error instanceof JsonProblem, String(error))
        if (error.code === 'syntax') assert.throws(() => JSON.parse(text))
      }
    }),
    { numRuns: 2000 },
  )
})

test('a repeated member is refused wherever it is, and however it is spelled', () => {
  const name = fc.string({ maxLength: 8 }).filter((text) => text.isWellFormed())
  const wrap = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => `[1,${text}]`,
    (text) => `{"outer":${text}}`,
    (text) => `{"a":[{"b":{}},{"c":${text}}],"d":":"}`,
  )
  const escaped = (text: string) =>
    `"${[...text].map((char) => (char.length === 1 ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char)).join('')}"`
  fc.assert(
    fc.property(name, wrap, fc.jsonValue({ maxDepth: 1 }), (member, within, value) => {
      const plain = JSON.stringify(member)
      const json = isStrict(value) ? JSON.stringify(value) : '0'
      refused(within(`{${plain}:1,"between \\" :":2,${plain}:${json}}`), 'duplicate_member')
      refused(within(`{${plain}:${json},${escaped(member)}:1}`), 'duplicate_member')
    }),
  )
})

test('equal names in different objects, and colons inside strings, are no duplicates', () => {
  for (const text of [
    '[{"a":1},{"a":2}]',
    '{"a":{"a":{"a":1}}}',
    '{"a":"x:y","b:":"\\":"}',
    '{"a":":\\\\","b":1}',
    '{"":""}',
  ]) {
    assert.deepEqual(parseJson(text), JSON.parse(text))
  }
})

test('__proto__ and constructor are members like others and touch no prototype', () => {
  const before = Object.getOwnPropertyNames(Object.prototype)
  const value = parseJson('{"__proto__":{"scope":"admin"},"constructor":{"prototype":{"polluted":1}}}')
  assert.ok(typeof value === 'object' && value !== null)
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
  assert.equal(Reflect.get(value, 'scope'), undefined)
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before)
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  refused('{"__proto__":1,"__proto__":2}', 'duplicate_member')
})

test('what is no JSON is refused', () => {
  for (const text of [
    '',
    ' ',
    '\ufeff{}',
    '{}x',
    '{} {}',
    '{}\0',
    '\xa0{}',
    "{'a':1}",
    '{a:1}',
    '[1,]',
    '{"a":1,}',
    '01',
    '+1',
    '.5',
    'NaN',
    'Infinity',
    '"\n"',
    '"',
    '"\\',
    '{"a"',
    '/**/1',
    'undefined',
  ]) {
    refused(text, 'syntax')
  }
})

test('numbers that overflow and half surrogate pairs are refused', () => {
  for (const text of ['1e999', '-1e999', '{"exp":1e400}', '[[9e9999]]']) refused(text, 'number_out_of_range')
  for (const text of ['"\\ud800"', '{"sub":"a\\udc00b"}', '{"\\ud800":1}', '["\ud800"]', '{"\udfff":1}'])
    refused(text, 'not_unicode')
  assert.equal(parseJson('"\\ud83d\\ude00 \\u00e9"'), '😀 é')
  assert.equal(parseJson('1e308'), 1e308)
})

test('depth is bounded, and a deep text costs no stack', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  assert.ok(parseJson(nested(limits.jsonDepth)))
  refused(nested(limits.jsonDepth + 1), 'too_deep')
  refused('{"a":{"b":{}}}', 'too_deep', { maxDepth: 2 })
  refused('['.repeat(500_000), 'too_deep')
  assert.equal(parseJson('1', { maxDepth: 0 }), 1)
  assert.deepEqual(parseJson('["[[[[","{{{{"]', { maxDepth: 1 }), ['[[[[', '{{{{'])
})

test('size is bounded in bytes of UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (content) => {
      const text = JSON.stringify(content)
      const size = Buffer.byteLength(text)
      assert.equal(parseJson(text, { maxBytes: size }), content)
      refused(text, 'too_large', { maxBytes: size - 1 })
    }),
  )
  refused(`"${'x'.repeat(limits.jsonBytes)}"`, 'too_large')
})

test('messages hold nothing of the text', () => {
  for (const text of ['{"s3cret":1,"s3cret":2}', '{"s3cret"', '"s3cret\\ud800"', '[[["s3cret"]]]']) {
    assert.throws(
      () => parseJson(text, { maxDepth: 2 }),
      (error) => error instanceof Error && !`${error.stack}${error.cause}`.includes('s3cret'),
    )
  }
})

test('a parsed value is as deep as its text', () => {
  fc.assert(
    fc.property(jsonText, fc.nat({ max: 8 }), (text, max) => {
      const value: unknown = JSON.parse(text)
      if (isNestedDeeper(value, max)) refused(text, 'too_deep', { maxDepth: max })
      else assert.deepEqual(parseJson(text, { maxDepth: max }), value)
    }),
  )
})

test('what is too deep for whatever walks it is found out without walking it', () => {
  const deep: unknown = JSON.parse(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
  assert.throws(() => JSON.stringify(deep), RangeError)
  assert.equal(isNestedDeeper(deep, 64), true)
  assert.deepEqual(
    [isNestedDeeper('{', 0), isNestedDeeper(null, 0), isNestedDeeper({}, 0), isNestedDeeper([[1]], 2)],
    [false, false, true, false],
  )
})
