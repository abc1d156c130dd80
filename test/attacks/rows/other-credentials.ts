import assert from 'node:assert/strict'
import { generateApiKey, hashApiKey } from '@postern/core'
import type { ResourceServerOptions } from '@postern/resource-server'
import { bearer } from '../fixture.ts'
import { listenToOutput } from '../output.ts'
import type { Row } from '../row.ts'
import { findSecret } from '../secrets.ts'

const key = generateApiKey()
const record = { id: 'k1', name: 'Build', hash: await hashApiKey(key), scopes: ['read', 'write'] }
const wrong = generateApiKey()
const withKey = { options: { apiKeys: [record] } }

/** A row with a custom verifier that answers or throws this. */
function answered(id: string, what: string, expect: 'OK' | 'IT' | 'SE' | 'UN', answer: () => unknown, more = {}): Row {
  // What a verifier without types might answer.
  const verify = { token: answer, ...more } as NonNullable<ResourceServerOptions['verify']>
  return { id, what, setUp: { options: { verify } }, attack: () => 'opaque-token', expect }
}

const subject = { subject: 'user-1', clientId: 'c', scopes: ['read', 'write'] }
const alive = { ...subject, expiresAt: 4_000_000_000 }

function thrown(error: unknown): () => never {
  return () => {
    throw error
  }
}

/** J. API keys and the contract of custom verifiers. */
export const otherCredentials: readonly Row[] = [
  { id: 'J1', what: 'the right key', setUp: withKey, attack: () => key, expect: 'OK' },
  ...[
    wrong,
    `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`,
    `${key}A`,
    key.slice(0, -1),
    'pst_',
    key.toUpperCase(),
    record.hash,
  ].map(
    (sent): Row => ({
      id: 'J1',
      what: `a wrong key of ${sent.length} characters`,
      setUp: withKey,
      attack: () => sent,
      expect: 'IT',
    }),
  ),
  {
    id: 'J2',
    what: 'a key in the query',
    setUp: withKey,
    attack: () => ({ path: `/mcp?api_key=${key}&key=${key}` }),
    expect: 'C0',
  },
  {
    id: 'J2',
    what: 'a key in a header of its own',
    setUp: withKey,
    attack: () => ({ headers: { 'x-api-key': key } }),
    expect: 'C0',
  },
  { id: 'J3', what: 'an empty key', setUp: withKey, attack: () => bearer(''), expect: 'C0' },
  {
    id: 'J4',
    what: 'two keys',
    setUp: withKey,
    attack: () => ({ headers: { authorization: [`Bearer ${key}`, `Bearer ${generateApiKey()}`] } }),
    expect: 'IR',
  },
  {
    id: 'J5',
    what: 'a key and a token',
    setUp: withKey,
    attack: ({ issuer }) => ({ headers: { authorization: [`Bearer ${issuer.mint()}`, `Bearer ${key}`] } }),
    expect: 'IR',
  },
  {
    id: 'J6',
    what: 'a key that has expired',
    setUp: { options: ({ clock }) => ({ apiKeys: [{ ...record, expiresAt: clock.now() / 1000 }] }) },
    attack: () => key,
    expect: 'IT',
  },
  {
    id: 'J6',
    what: 'a key that is revoked between two requests',
    async play({ expect }) {
      await expect('OK', key)
      store.isRevoked = true
      await expect('IT', key)
      store.isRevoked = false
    },
    setUp: { options: { apiKeys: { find: (hash) => (store.isRevoked || hash !== record.hash ? undefined : record) } } },
  },
  {
    id: 'J7',
    what: 'a key is in no event, in no log and in no answer, wherever it was sent',
    setUp: withKey,
    async play({ expect, events }) {
      const output = listenToOutput()
      await expect('OK', key)
      await expect('IT', wrong)
      for (const name of ['x-api-key', 'api-key', 'cookie', 'proxy-authorization']) {
        await expect('C0', { headers: { [name]: `key=${key}` } })
      }
      await expect('C0', { path: `/mcp?api_key=${key}` })
      await expect('IR', bearer(key, { path: `/mcp?access_token=${wrong}` }))
      for (const text of [JSON.stringify(events), output()]) {
        assert.equal(findSecret(text, [key, wrong, key.slice(4), wrong.slice(4)]), undefined)
      }
    },
  },
  {
    id: 'J1',
    what: 'a store that throws',
    setUp: { options: { apiKeys: { find: thrown(new Error('db password=hunter2')) } } },
    attack: () => key,
    expect: 'SE',
  },
  ...[undefined, null, false].map((nothing) => answered('J8', `it answers ${nothing}`, 'IT', () => nothing)),
  ...[0, '', true, 'user', []].map((nonsense) =>
    answered('J8', `it answers ${JSON.stringify(nonsense)}`, 'SE', () => nonsense),
  ),
  answered('J9', 'it throws', 'SE', thrown(new Error('db password=hunter2'))),
  answered('J9', 'it rejects', 'SE', () => Promise.reject(new Error('db password=hunter2'))),
  answered(
    'J10',
    "it throws the MCP Auth library's error",
    'IT',
    thrown(Object.assign(new Error('x'), { code: 'jwt_verification_failed' })),
  ),
  answered('J11', 'it answers what has expired', 'IT', () => ({ ...subject, expiresAt: 1 })),
  answered('J12', 'it names no end', 'IT', () => subject),
  answered('J12', 'it names no end, where that is allowed', 'OK', () => subject, { allowNonExpiring: true }),
  {
    id: 'J13',
    what: 'it names no issuer: the configured one',
    setUp: { options: { verify: () => alive } },
    async play({ expect, issuer, host }) {
      await expect('OK', 'opaque-token')
      assert.equal(host.callers.at(-1)?.issuer, issuer.issuer)
    },
  },
  answered('J13', 'it names an issuer that is not configured', 'IT', () => ({
    ...alive,
    issuer: 'https://stranger.example',
  })),
  answered('J14', 'it names another audience', 'IT', () => ({ ...alive, audience: 'https://other.example' })),
  answered('J15', 'it is asynchronous, and slow', 'OK', async () => {
    await new Promise(setImmediate)
    return alive
  }),
  answered('J15', 'it answers a promise of a refusal', 'IT', async () => undefined),
  answered('J16', 'it never settles', 'UN', () => new Promise(() => undefined), { timeout: 0.02 }),
  {
    id: 'J17',
    what: 'what it answered cannot be changed by a tool',
    setUp: { options: { verify: () => ({ ...alive, extra: { seats: [1] } }) } },
    async play({ expect, host }) {
      await expect('OK', 'opaque-token')
      const auth = host.callers.at(-1)
      assert.throws(() => auth?.scopes.push('admin'), TypeError)
      assert.throws(() => Object.assign(auth?.extra['seats'] ?? {}, [2]), TypeError)
    },
  },
]

const store = { isRevoked: false }
