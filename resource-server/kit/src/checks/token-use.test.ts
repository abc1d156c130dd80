import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from '../options/read-options.ts'
import { Refusal } from '../refusal.ts'
import { checkAnsweredType } from './token-use.ts'

test('what an answer calls the type of a token is a text, or it is none that is accepted', () => {
  const options = { resource: 'https://mcp.example/mcp', issuers: [{ issuer: 'https://as.example' }] }
  const [rules] = readOptions(options).issuers
  assert.ok(rules)
  const check = (token_type: unknown) => checkAnsweredType({ header: {}, claims: { token_type }, rules, now: 0 })
  for (const good of [undefined, 'Bearer', 'bearer', 'access_token']) check(good)
  for (const bad of [['Bearer'], { toString: 'Bearer' }, null, 1, '', 'refresh_token']) {
    assert.throws(
      () => check(bad),
      (error) => error instanceof Refusal && error.reason === 'typ_not_allowed',
    )
  }
})
