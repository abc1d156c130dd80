import {
  type Clock,
  constantTimeEqual,
  hashApiKey,
  isScopeToken,
  type MaybePromise,
  type ScopeHierarchy,
  whenReady,
} from '@postern/core'
import { isRecord } from '../options/fields.ts'
import { Refusal } from '../refusal.ts'
import { callHost, failWith } from './call.ts'
import { grantOf } from './granted.ts'
import { createIdentity, type Identity, type Verify } from './identity.ts'

/** What a key store answers about a key. */
export interface ApiKeyGrant {
  readonly id: string
  readonly name: string
  readonly scopes?: readonly string[]
  /** Seconds since the epoch; absent: it does not expire. */
  readonly expiresAt?: number
  /** Tools that the key is good for; absent: all. Enforced by whoever knows the tool, from `auth.extra.tools`. */
  readonly tools?: readonly string[]
}

/** One API key of a list. */
export interface ApiKeyRecord extends ApiKeyGrant {
  /** SHA-256 of the key, base64url, as `hashApiKey` of @postern/core makes it. */
  readonly hash: string
}

/** Finds API keys by their hash; called for every request with a key, so that a revoked key stops at once. */
export interface ApiKeyStore {
  find(keyHash: string): MaybePromise<ApiKeyGrant | undefined>
}

export interface ApiKeySettings {
  readonly store: ApiKeyStore
  readonly resource: string
  readonly metadataUrl: string | undefined
  readonly hierarchy: ScopeHierarchy
  readonly clock: Clock
}

/** Verifies bearers of API-key shape. The caller is `apikey:<id>`, and the resource itself is what vouches for it. */
export function createApiKeyVerifier({ store, resource, metadataUrl, hierarchy, clock }: ApiKeySettings): Verify {
  const identify = (token: string, grant: ApiKeyGrant | undefined): MaybePromise<Identity> => {
    if (grant === undefined || grant === null) throw new Refusal('api_key_unknown')
    if (!isGrant(grant)) throw new Refusal('internal')
    const { id, name, scopes = [], expiresAt, tools } = grant
    if (expiresAt !== undefined && expiresAt <= clock.now() / 1000) throw new Refusal('api_key_expired')
    const caller = `apikey:${id}`
    return createIdentity(
      {
        kind: 'api-key',
        token,
        issuer: resource,
        subject: caller,
        clientId: caller,
        audience: [resource],
        expiresAt,
        resource,
        resourceMetadataUrl: metadataUrl,
        extra: { apiKeyId: id, apiKeyName: name, ...(tools === undefined ? {} : { tools: [...tools] }) },
      },
      grantOf(scopes, hierarchy),
    )
  }
  return (token) =>
    whenReady(hashApiKey(token), (hash) =>
      whenReady(
        callHost(() => store.find(hash), { failure: failWith('internal') }),
        (grant) => identify(token, grant),
      ),
    )
}

/** A store over a list. The last comparison is in constant time, over digests (so of equal length). */
export function listStore(records: readonly ApiKeyRecord[]): ApiKeyStore {
  const byHash = new Map(records.map((record) => [record.hash, record]))
  return {
    find(hash) {
      const record = byHash.get(hash)
      return record !== undefined && constantTimeEqual(record.hash, hash) ? record : undefined
    },
  }
}

/** What a store answers comes from a database as often as not, so it is checked like any other input. */
export function isGrant(value: unknown): value is ApiKeyGrant {
  if (!isRecord(value)) return false
  const { id, name, scopes, expiresAt, tools } = value
  return (
    typeof id === 'string' &&
    id !== '' &&
    typeof name === 'string' &&
    (scopes === undefined || isListOf(scopes, isScopeToken)) &&
    (expiresAt === undefined || (typeof expiresAt === 'number' && Number.isFinite(expiresAt))) &&
    (tools === undefined || isListOf(tools, () => true))
  )
}

function isListOf(value: unknown, accepts: (text: string) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && accepts(item))
}
