import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server'
import { createTestClock } from '@postern/core/testing'
import type { AuthInfo } from '../auth-info.ts'
import { Refusal } from '../refusal.ts'
import { type CustomSettings, type CustomVerifierOptions, createCustomVerifier } from './custom.ts'

const resource = 'https://mcp.example/mcp'
const clock = createTestClock()
const now = clock.now() / 1000
const good = { subject: 's', clientId: 'c', scopes: ['admin'], expiresAt: now + 60 }

/** What a verifier without types might answer. */
function answering(answer: unknown, more: Partial<CustomSettings> = {}, options: Partial<CustomVerifierOptions> = {}) {
  const token = Object.assign(() => answer) as CustomVerifierOptions['token']
  const settings = {
    resource,
    metadataUrl: undefined,
    issuers: ['https://as.example'],
    clockTolerance: 5,
    hierarchy: { admin: ['read'] },
    clock,
  }
  return createCustomVerifier({ ...settings, ...more, options: { token, ...options } })
}

async function accepted(...args: Parameters<typeof answering>): Promise<AuthInfo> {
  return (await answering(...args)('token')).auth
}

async function refused(reason: string, ...args: Parameters<typeof answering>): Promise<void> {
  await assert.rejects(
    async () => answering(...args)('token'),
    (error) => error instanceof Refusal && error.reason === reason,
    JSON.stringify(args[0]),
  )
}

test('what it says becomes a frozen AuthInfo of the usual shape', async () => {
  const extra = { seat: { row: 1 } }
  const auth = await accepted({ ...good, extra })
  assert.equal(auth.kind, 'custom')
  assert.equal(auth.issuer, 'https://as.example')
  assert.deepEqual(auth.audience, [resource])
  assert.deepEqual(auth.scopes, ['admin', 'read'])
  assert.ok(Object.isFrozen(auth.extra['seat']))
  extra.seat.row = 2
  assert.deepEqual(auth.extra, { seat: { row: 1 } })
})

test('no result is a refusal', async () => {
  for (const nothing of [undefined, null, false, Promise.resolve(undefined)]) await refused('custom_refused', nothing)
})

test('a malformed result is a failure', async () => {
  const wrong = [
    true,
    'user',
    7,
    [],
    { ...good, subject: 7 },
    { ...good, scopes: 'read' },
    { ...good, scopes: ['a b'] },
    { ...good, expiresAt: 'soon' },
    { ...good, expiresAt: Number.NaN },
    { ...good, audience: [7] },
    { ...good, claims: [] },
    { ...good, extra: { call: () => undefined } },
  ]
  for (const result of wrong) await refused('custom_failed', result)
})

test('it must end, unless the option says otherwise', async () => {
  await refused('expiry_missing', { subject: 's' })
  assert.ok(!('expiresAt' in (await accepted({ subject: 's' }, {}, { allowNonExpiring: true }))))
  await accepted({ ...good, expiresAt: now - 4 })
  await refused('expired', { ...good, expiresAt: now - 5 })
  await refused('expired', { ...good, expiresAt: now - 5 }, {}, { allowNonExpiring: true })
})

test('issuer and audience, where it names them, are ours', async () => {
  await refused('issuer_unknown', { ...good, issuer: 'https://stranger.example' })
  await refused('issuer_unknown', good, { issuers: ['https://as.example', 'https://b.example'] })
  const two = { issuers: ['https://as.example', 'https://b.example'] }
  assert.equal((await accepted({ ...good, issuer: 'https://b.example' }, two)).issuer, 'https://b.example')
  assert.equal((await accepted(good, { issuers: [] })).issuer, resource)
  await refused('audience_mismatch', { ...good, audience: 'https://other.example' })
  await refused('audience_mismatch', { ...good, audience: [] })
  assert.deepEqual((await accepted({ ...good, audience: ['x', resource] })).audience, ['x', resource])
})

test('errors: nothing of them gets out; invalid_token of an SDK is a refusal', async () => {
  const throwing = (error: unknown) => ({
    token: () => {
      throw error
    },
  })
  await refused('custom_failed', undefined, {}, throwing(new Error('db password=hunter2')))
  await refused('custom_failed', undefined, {}, throwing('text'))
  await refused('custom_failed', undefined, {}, throwing(undefined))
  await refused('custom_refused', undefined, {}, throwing(new InvalidTokenError('no')))
  await refused('custom_refused', undefined, {}, throwing(new OAuthError(OAuthErrorCode.InvalidToken, 'no')))
  await refused(
    'custom_refused',
    undefined,
    {},
    throwing(Object.assign(new Error('no'), { code: 'jwt_verification_failed' })),
  )
  await refused('custom_refused', undefined, {}, { token: async () => Promise.reject(new InvalidTokenError('no')) })
})

test('it is not waited for forever', async () => {
  await refused('timeout', new Promise(() => undefined), {}, { timeout: 0.005 })
})

test('it is told for which resource, and when nobody waits any more', async () => {
  const verify = createCustomVerifier({
    options: {
      token: (token, context) => {
        assert.equal(token, 'token')
        assert.equal(context.resource, resource)
        assert.ok(context.signal instanceof AbortSignal)
        return good
      },
    },
    resource,
    metadataUrl: undefined,
    issuers: [],
    clockTolerance: 5,
    hierarchy: {},
    clock,
  })
  assert.ok(!(verify('token') instanceof Promise))
})

test('what no token looks like never reaches it', async () => {
  const verify = answering(good)
  for (const token of ['a"b', 'a,b', 'é', '{"a":1}', 'a=b', '=', '']) {
    await assert.rejects(
      async () => verify(token),
      (error) => error instanceof Refusal && error.reason === 'malformed_token',
    )
  }
})
