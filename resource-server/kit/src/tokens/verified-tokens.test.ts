import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256Base64url } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import type { VerifiedToken } from './jwt.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

const clock = createTestClock()
const now = clock.now() / 1000

interface Changes {
  readonly isCurrent?: () => boolean
  readonly notBefore?: number
}

function verified(token: string, { isCurrent = () => true, notBefore = now }: Changes = {}): VerifiedToken {
  // Of all that a verified token is, the cache looks at its text, its times and its key only.
  const issuer = { keys: { isCurrent } }
  const partial: unknown = { identity: { auth: { token } }, key: {}, notBefore, expiresAt: now + 60, issuer }
  return partial as VerifiedToken
}

test('remembers at most so many, for as long as they live', () => {
  const tokens = createVerifiedTokens({ cachedTokens: 2, clock })
  const [a, b, c] = [verified('a'), verified('b'), verified('c')]
  tokens.remember(a)
  tokens.remember(b)
  assert.equal(tokens.recall('a'), a)
  tokens.remember(c)
  assert.equal(tokens.recall('b'), undefined)
  assert.equal(tokens.recall('c'), c)
  assert.equal(tokens.size, 2)
  clock.advance(60_000)
  assert.equal(tokens.recall('c'), undefined)
  clock.advance(-60_000)
})

test('a text with the end of one that is remembered is not taken for it, nor does it drive it out', async () => {
  const tokens = createVerifiedTokens({ cachedTokens: 2, clock })
  const end = 'the same end for both of them'
  const good = verified(`good.${end}`)
  tokens.remember(good)
  for (const other of [`evil.${end}`, end, `good.${end} `]) {
    assert.equal(tokens.recall(other), undefined, other)
    assert.equal(await tokens.hashOf(other), await sha256Base64url(other), other)
  }
  assert.equal(tokens.recall(`good.${end}`), good)
})

test('the digest of a token is the same whether it is kept or made, and asking leaves nothing', async () => {
  const tokens = createVerifiedTokens({ cachedTokens: 2, clock })
  const hash = await sha256Base64url('token')
  assert.equal(await tokens.hashOf('token'), hash)
  assert.equal(tokens.size, 0)
  tokens.remember(verified('token'))
  for (let time = 0; time < 3; time += 1) assert.equal(await tokens.hashOf('token'), hash)
  assert.equal(tokens.size, 1)
})

test('not before its time, not without its key, and not after it was told to forget', () => {
  const tokens = createVerifiedTokens({ cachedTokens: 10, clock })
  let isCurrent = true
  tokens.remember(verified('early', { notBefore: now + 1 }))
  tokens.remember(verified('key', { isCurrent: () => isCurrent }))
  assert.equal(tokens.recall('early'), undefined)
  assert.ok(tokens.recall('key') !== undefined)
  isCurrent = false
  assert.equal(tokens.recall('key'), undefined)
  isCurrent = true
  tokens.clear()
  assert.equal(tokens.recall('key'), undefined)
})

test('switched off, it remembers nothing', async () => {
  const tokens = createVerifiedTokens({ cachedTokens: 0, clock })
  tokens.remember(verified('a'))
  assert.equal(tokens.recall('a'), undefined)
  assert.equal(await tokens.hashOf('a'), await sha256Base64url('a'))
  assert.equal(tokens.size, 0)
})
