import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBase64url, sha256Base64url } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import type { VerifiedToken } from './jwt.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

const clock = createTestClock()
const now = clock.now() / 1000

function verified(isCurrent: () => boolean, times: { notBefore?: number; expiresAt?: number } = {}): VerifiedToken {
  // Of all that a verified token is, the cache looks at its text, its times and its key only.
  const identity = { auth: { token: randomBase64url(16) } }
  const issuer = { keys: { isCurrent } }
  const partial: unknown = { identity, key: {}, notBefore: now, expiresAt: now + 60, ...times, issuer }
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

test('the digest of a token is the same whether it is kept or made', async () => {
  const tokens = createVerifiedTokens({ cachedTokens: 2, clock })
  for (const found of [verified(() => true), verified(() => true), verified(() => true)]) {
    const { token } = found.identity.auth
    const hash = await sha256Base64url(token)
    assert.equal(await tokens.hashOf(token), hash)
    assert.equal(tokens.size, 0, 'asking leaves nothing')
    tokens.remember(hash, found)
    assert.equal(await tokens.hashOf(token), hash)
    assert.equal(tokens.size, 1)
    tokens.clear()
    assert.equal(tokens.size, 0)
  }
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
