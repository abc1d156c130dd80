import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateApiKey, hashApiKey } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import { Refusal } from '../refusal.ts'
import { type ApiKeyRecord, type ApiKeyStore, createApiKeyVerifier, listStore } from './api-key.ts'
import type { Identity, Verify } from './identity.ts'

const resource = 'https://mcp.example/mcp'
const key = generateApiKey()
const clock = createTestClock()
const record: ApiKeyRecord = {
  id: 'k1',
  name: 'Build',
  hash: await hashApiKey(key),
  scopes: ['admin'],
  tools: ['echo'],
}

function verifier(store: ApiKeyStore): Verify {
  return createApiKeyVerifier({ store, resource, metadataUrl: undefined, hierarchy: { admin: ['read'] }, clock })
}

async function refused(verify: Verify, token: string, reason: string): Promise<void> {
  await assert.rejects(
    async () => verify(token),
    (error) => error instanceof Refusal && error.reason === reason,
  )
}

test('a known key is its caller, at once', () => {
  const identity = verifier(listStore([record]))(key)
  assert.ok(!(identity instanceof Promise))
  const { auth }: Identity = identity
  assert.equal(auth.kind, 'api-key')
  assert.equal(auth.subject, 'apikey:k1')
  assert.equal(auth.clientId, 'apikey:k1')
  assert.equal(auth.issuer, resource)
  assert.deepEqual(auth.audience, [resource])
  assert.deepEqual(auth.scopes, ['admin', 'read'])
  assert.deepEqual(auth.extra, { apiKeyId: 'k1', apiKeyName: 'Build', tools: ['echo'] })
  assert.ok(Object.isFrozen(auth.extra) && Object.isFrozen(auth.extra['tools']))
  assert.ok(!('expiresAt' in auth))
})

test('an unknown key, of whatever length, is refused', async () => {
  const verify = verifier(listStore([record]))
  for (const token of [generateApiKey(), `${key}x`, key.slice(0, -1), '', record.hash])
    await refused(verify, token, 'api_key_unknown')
})

test('a key stops at its end, without tolerance', async () => {
  const expiresAt = clock.now() / 1000 + 10
  const verify = verifier(listStore([{ ...record, expiresAt }]))
  assert.equal((await verify(key)).auth.expiresAt, expiresAt)
  clock.advance(10_000)
  await refused(verify, key, 'api_key_expired')
})

test('a store is asked at each request, by the hash alone, so a revoked key stops at once', async () => {
  const asked: string[] = []
  let revoked = false
  const verify = verifier({
    async find(hash) {
      asked.push(hash)
      return revoked ? undefined : { id: 'k2', name: 'Store' }
    },
  })
  assert.equal((await verify(key)).auth.subject, 'apikey:k2')
  revoked = true
  await refused(verify, key, 'api_key_unknown')
  assert.deepEqual(asked, [record.hash, record.hash])
})

test('a store that fails or answers nonsense is no way in', async () => {
  const answers: unknown[] = [
    {},
    { id: '', name: 'x' },
    { id: 'x', name: 1 },
    { id: 'x', name: 'x', scopes: ['a b'] },
    { id: 'x', name: 'x', expiresAt: 'never' },
    { id: 'x', name: 'x', tools: 'echo' },
    'x',
    [],
    true,
  ]
  for (const answer of answers) {
    const store: ApiKeyStore = Object.assign(Object.create(null), { find: () => answer })
    await refused(verifier(store), key, 'internal')
  }
  const failing: ApiKeyStore = { find: () => Promise.reject(new Error('database is gone')) }
  await refused(verifier(failing), key, 'internal')
})
