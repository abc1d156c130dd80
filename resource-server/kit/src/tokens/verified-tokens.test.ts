import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import type { VerifiedToken } from './jwt.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

const clock = createTestClock()
const now = clock.now() / 1000

function verified(isCurrent: () => boolean, times: { notBefore?: number; expiresAt?: number } = {}): VerifiedToken {
  // Of all that a verified token is, the cache looks at its times and its key only.
  const partial: unknown = { key: {}, notBefore: now, expiresAt: now + 60, ...times, issuer: { keys: { isCurrent } } }
  return partial as VerifiedToken
}

test('remembers at most so many, for as long as they live', () => {
  const tokens = createVerifiedTokens({ cachedTokens: 2, clock })
  const [a, b, c] = [verified(() => true), verified(() => true), verified(() => true)]
  tokens.remember('a', a)
  tokens.remember('b', b)
  assert.equal(tokens.recall('a'), a)
  tokens.remember('c', c)
  assert.equal(tokens.recall('b'), undefined)
  assert.equal(tokens.recall('c'), c)
  clock.advance(60_000)
  assert.equal(tokens.recall('c'), undefined)
  clock.advance(-60_000)
})

test('not before its time, not without its key, and not after it was told to forget', () => {
  const tokens = createVerifiedTokens({ cachedTokens: 10, clock })
  let isCurrent = true
  tokens.remember(
    'early',
    verified(() => true, { notBefore: now + 1 }),
  )
  tokens.remember(
    'key',
    verified(() => isCurrent),
  )
  assert.equal(tokens.recall('early'), undefined)
  assert.ok(tokens.recall('key') !== undefined)
  isCurrent = false
  assert.equal(tokens.recall('key'), undefined)
  isCurrent = true
  tokens.clear()
  assert.equal(tokens.recall('key'), undefined)
})

test('switched off, it remembers nothing', () => {
  const tokens = createVerifiedTokens({ cachedTokens: 0, clock })
  tokens.remember(
    'a',
    verified(() => true),
  )
  assert.equal(tokens.recall('a'), undefined)
})
