import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type JwsLimits, parseJws } from './jwt.ts'
import { limits } from './limits.ts'
import type { Reason } from './reasons.ts'

const b64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')
const signature = b64(new Uint8Array(64).fill(7))
const header = b64('{"alg":"ES256"}')
const payload = b64('{"sub":"someone"}')
const good = `${header}.${payload}.${signature}`

function refused(token: string, reason: Reason, options?: JwsLimits): void {
  assert.deepEqual(parseJws(token, options), { malformed: reason }, token.slice(0, 120))
}

const object = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 })
  .filter((value) => !JSON.stringify(value).includes('\\ud'))

test('takes a compact JWS apart', () => {
  fc.assert(
    fc.property(object, object, fc.uint8Array({ minLength: 1, maxLength: 100 }), (head, claims, bytes) => {
      const input = `${b64(JSON.stringify(head))}.${b64(JSON.stringify(claims))}`
      const parsed = parseJws(`${input}.${b64(bytes)}`)
      assert.ok(parsed.malformed === undefined, parsed.malformed)
      assert.deepEqual(parsed.header, JSON.parse(JSON.stringify(head)))
      assert.deepEqual(parsed.payload, JSON.parse(JSON.stringify(claims)))
      assert.equal(parsed.signingInput, input)
      assert.deepEqual(parsed.signature, new Uint8Array(bytes))
    }),
  )
})

test('no text throws, and what is accepted is spelled in the one way', () => {
  const part = fc.oneof(
    fc.constantFrom(header, payload, signature, ''),
    fc.string({ maxLength: 12 }),
    fc.base64String({ maxLength: 24 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const token = parts.join('.')
      const parsed = parseJws(token)
      if (parsed.malformed === undefined) assert.equal(`${parsed.signingInput}.${b64(parsed.signature)}`, token)
    }),
    { numRuns: 1000 },
  )
})

test('B24, B26, B27: the number of parts, and empty ones', () => {
  for (const token of [
    '',
    'not-a-jwt',
    '.',
    `${header}.${payload}`,
    `${good}.x`,
    '....',
    `${good}.a.b.c`,
    `.${payload}.${signature}`,
    `${header}..${signature}`,
    '.a.',
    `{"payload":"${payload}"}`,
  ]) {
    const parsed = parseJws(token)
    assert.ok(parsed.malformed !== undefined, token)
  }
  refused('not-a-jwt', 'malformed_token')
  refused('..', 'signature_missing')
  refused(`.${payload}.${signature}`, 'malformed_token')
  refused(`${header}..${signature}`, 'malformed_token')
  refused(`${header}.${payload}.`, 'signature_missing')
  refused(`${good}.${signature}`, 'malformed_token')
  refused(`${good}.a.b`, 'encrypted_token')
  refused(`${good}.a.b.c`, 'malformed_token')
})

test('B28: a part in another spelling of base64url', () => {
  for (const [index, part] of [header, payload, b64(new Uint8Array(65))].entries()) {
    for (const spelling of [
      `${part}=`,
      `${part}==`,
      `${part}\n`,
      ` ${part}`,
      `${part}!`,
      part.slice(0, -1) + String.fromCharCode(part.charCodeAt(part.length - 1) + 1),
    ]) {
      const parts = [header, payload, signature]
      parts[index] = spelling
      if (b64(Buffer.from(spelling, 'base64url')) !== spelling) refused(parts.join('.'), 'token_not_base64url')
    }
  }
  refused(`${header}.${payload}.${b64(new Uint8Array(64)).slice(0, -1)}B`, 'token_not_base64url')
})

test('B35, B36, B39: a part that is no strict JSON object', () => {
  const cases: [string | Uint8Array, Reason][] = [
    ['\ufeff{}', 'token_not_json'],
    ['{}garbage', 'token_not_json'],
    ['{}\0', 'token_not_json'],
    [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'token_not_json'],
    [new Uint8Array([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]), 'token_not_json'],
    ['{"exp":1e999}', 'token_not_json'],
    [`${'{"a":'.repeat(50)}1${'}'.repeat(50)}`, 'token_not_json'],
    ['{"alg":"none","alg":"RS256"}', 'token_duplicate_member'],
    ['{"alg":"RS256","al\\u0067":"none"}', 'token_duplicate_member'],
    ['{"cnf":{"jkt":"a","jkt":"b"}}', 'token_duplicate_member'],
    ['"text"', 'token_not_an_object'],
    ['[{}]', 'token_not_an_object'],
    ['null', 'token_not_an_object'],
    ['17', 'token_not_an_object'],
  ]
  for (const [text, reason] of cases) {
    refused(`${b64(text)}.${payload}.${signature}`, reason)
    refused(`${header}.${b64(text)}.${signature}`, reason)
  }
})

test('A17: a token above the limit is not looked at', () => {
  const filler = (length: number) => `${good}${'A'.repeat(length - good.length)}`
  refused(filler(limits.tokenLength + 1), 'token_too_large')
  assert.notEqual(parseJws(filler(limits.tokenLength)).malformed, 'token_too_large')
  refused(good, 'token_too_large', { maxLength: good.length - 1 })
  assert.equal(parseJws(good, { maxLength: good.length }).malformed, undefined)
})

test('a limit of ones own may be above the default', () => {
  const claims = b64(JSON.stringify({ filler: 'x'.repeat(2 * limits.tokenLength) }))
  const token = `${header}.${claims}.${signature}`
  refused(token, 'token_too_large')
  assert.equal(parseJws(token, { maxLength: 100_000 }).malformed, undefined)
})

test('what one token leaves behind does not show in the next', () => {
  const long = `${b64('{"alg":"ES256","kid":"a rather long key id"}')}.${payload}.${signature}`
  assert.equal(parseJws(long).malformed, undefined)
  refused(`${b64('{"alg"')}.${payload}.${signature}`, 'token_not_json')
  const parsed = parseJws(good)
  assert.ok(parsed.malformed === undefined)
  assert.deepEqual(parsed.header, { alg: 'ES256' })
})
