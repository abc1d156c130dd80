import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateApiKey } from '@postern/core'
import { Refusal } from '../refusal.ts'
import type { Verify } from './identity.ts'
import { createRoute, type Verifiers } from './route.ts'

/** A verifier that says who was asked. */
function asked(name: string): Verify {
  return () => {
    throw new Error(name)
  }
}

const all: Verifiers = { jwt: asked('jwt'), apiKey: asked('apiKey'), custom: asked('custom') }
const none: Verifiers = { jwt: undefined, apiKey: undefined, custom: undefined }

function goesTo(name: string, token: string, verifiers: Verifiers): void {
  assert.throws(() => createRoute(verifiers)(token), { message: name }, token)
}

const key = generateApiKey()

test('each shape to its own verifier', () => {
  goesTo('apiKey', key, all)
  for (const jwt of ['a.b.c', 'a.b.', 'a.b.c.d.e', 'a..']) goesTo('jwt', jwt, all)
  for (const other of ['opaque', 'pst_short', `${key}x`, 'a.b', 'a+b.c.d']) goesTo('custom', other, all)
})

test('without API keys or without issuers the others take what is left', () => {
  goesTo('custom', key, { ...all, apiKey: undefined })
  goesTo('jwt', 'opaque', { ...none, jwt: all.jwt })
  goesTo('custom', 'a.b.c', { ...none, custom: all.custom })
})

test('where nobody is left it is refused', () => {
  const refuses = (token: string, verifiers: Verifiers, reason: string) =>
    assert.throws(
      () => createRoute(verifiers)(token),
      (error) => error instanceof Refusal && error.reason === reason,
    )
  refuses('a.b.c', { ...none, apiKey: all.apiKey }, 'api_key_unknown')
  refuses('a.b.c', none, 'malformed_token')
})
