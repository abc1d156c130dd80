import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateApiKey } from '@postern/core'
import { limits } from '@postern/server'
import fc from 'fast-check'
import { auditedArguments } from './audited-arguments.ts'

test('arguments as JSON, without what has the name or the look of a credential', () => {
  assert.equal(
    auditedArguments({ path: '/a', depth: 2, deep: { list: [1, null, true] } }),
    '{"path":"/a","depth":2,"deep":{"list":[1,null,true]}}',
  )
  assert.equal(auditedArguments(undefined), undefined)
  const key = generateApiKey()
  const jwt = `eyJhbGciOiJFUzI1NiJ9.${'x'.repeat(50)}.${'y'.repeat(80)}`
  const text = auditedArguments({
    password: 'hunter22',
    headers: { authorization: 'Bearer abcdefghijkl' },
    note: `the key is ${key}, the token ${jwt}, or Bearer abcdefghijklmnop`,
    [key]: 1,
  })
  for (const secret of ['hunter22', key, jwt, 'abcdefghijkl']) assert.equal(text?.includes(secret), false, secret)
})

test('bounded, however large, deep or wide they are, and no token is cut to half of one', () => {
  const key = generateApiKey()
  let deep: Record<string, unknown> = {}
  for (let depth = 0; depth < 1000; depth += 1) deep = { deep }
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`name-${index}`, 'x'.repeat(1000)]))
  for (const value of [deep, wide, { long: 'x'.repeat(4_000_000) }]) {
    const text = auditedArguments(value as never) ?? ''
    assert.ok(text.length <= limits.eventArguments && text.length > 10)
  }
  for (let before = limits.eventArguments - 80; before < limits.eventArguments; before += 1) {
    assert.doesNotMatch(auditedArguments({ a: `${'x'.repeat(before)} ${key}` }) ?? '', /pst_/)
  }
})

test('a text that is JSON stays one, without what has the name of a credential in it', () => {
  const body = JSON.stringify({ api_key: 'abcd1234', path: '/a', nested: JSON.stringify({ pwd: 'xy', n: 1 }) })
  const shown = JSON.parse(auditedArguments({ body }) ?? '')
  const { nested, ...rest } = JSON.parse(shown.body)
  assert.deepEqual(rest, { api_key: '[hidden]', path: '/a' })
  assert.deepEqual(JSON.parse(nested), { pwd: '[hidden]', n: 1 })
  assert.equal(auditedArguments({ text: '[no JSON]', quoted: '"x"' }), '{"text":"[no JSON]","quoted":"\\"x\\""}')
  for (const text of [
    '{"api_key":"abcd1234", cut',
    '{\\"pwd\\":\\"abcd1234\\", cut',
    'OPENAI_API_KEY=abcd1234',
    `{"api_key":"abcd1234","x":"${'x'.repeat(100_000)}"}`,
  ]) {
    assert.doesNotMatch(auditedArguments({ text }) ?? '', /abcd1234/)
  }
})

type Wrap = 'member' | 'list' | 'json'

test('no value under the name of a credential is in an event, however deep and in however many texts', () => {
  const names = ['pwd', 'passphrase', 'otp', 'auth', 'api_key', 'Password', 'db-pwd', 'client_secret', 'pin', 'TOTP']
  const wraps = fc.array(fc.constantFrom<Wrap>('member', 'list', 'json'), { maxLength: 9 })
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.integer({ min: 1000, max: 999_999 }), wraps, (name, number, around) => {
      const isNumber = ['otp', 'pwd', 'pin'].includes(name) && number % 2 === 0
      let value: unknown = { before: 'x', [name]: isNumber ? number : `q${number}`, after: 'y' }
      for (const wrap of around) {
        if (wrap === 'json') value = JSON.stringify(value)
        else value = wrap === 'list' ? [1, value] : { of: value }
      }
      const text = auditedArguments({ value: value as never }) ?? ''
      assert.ok(!text.includes(String(number)), text)
      if (around.length < 3) assert.match(text, /hidden/)
    }),
    { numRuns: 500 },
  )
})
