import type { Clock, EventSink } from '@postern/core'
import { hashSecret, type Store } from '@postern/server'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { noteTokenEnded } from '../../directory/revocations/endings.ts'
import { isEnded, type TokenFacts } from '../../directory/revocations/reads.ts'
import type { HotClient } from '../../directory/types.ts'
import type { IdpDatabase } from '../../schema.ts'
import { findResource, isGranted } from '../access.ts'
import { exchangeOf } from '../exchange.ts'
import type { LibraryClient } from '../library-clients.ts'
import type { OpenPool } from '../open-pools.ts'
import { type OwnToken, readOwnToken } from './own-token.ts'
import type { AnswerTokens } from './structured-tokens.ts'

export interface TokensOptions {
  readonly store: Store<IdpDatabase>
  readonly clock: Clock
  readonly record: EventSink
  /** Told of what was written, so that whoever waits for it hears at once. */
  readonly changed: (poolId: string) => void
}

/** A refresh token of the library's, or an access token of its opaque kind. */
interface LibraryToken {
  readonly kind: string
  readonly clientId?: string | undefined
  readonly accountId?: string | undefined
  readonly grantId?: string | undefined
  readonly iat?: number | undefined
}

export interface TokenPolicies {
  /** May the client be told about this token of the library's? */
  introspect(ctx: KoaContextWithOIDC, client: LibraryClient, token: LibraryToken): Promise<boolean>
  /** May the client revoke it? */
  revoke(ctx: KoaContextWithOIDC, client: LibraryClient, token: LibraryToken): boolean
}

export interface Tokens extends AnswerTokens {
  readonly policies: TokenPolicies
}

const second = 1000
const inactive = { active: false } as const

/**
 * Introspection (RFC 7662) and revocation (RFC 7009) of the pool's own tokens. Whatever is wrong with a token, or with who
 * asks about it, the answer is the same and says nothing.
 *
 * @param recordOf our record of a client of the library
 */
export function createTokens(
  { store, clock, record, changed }: TokensOptions,
  recordOf: (client: LibraryClient) => HotClient,
): Tokens {
  const ground = () => ({ db: store.db, now: clock.now() })

  return {
    async introspect(opened, client, token) {
      const found = readOwnToken(opened, token, clock.now())
      if (found === undefined || !mayAsk(opened, recordOf(client), found)) return inactive
      return (await isEnded(ground(), opened.pool.id, found)) ? inactive : describe(found)
    },
    async revoke(opened, client, token) {
      const found = readOwnToken(opened, token, clock.now())
      if (found === undefined || found.clientId !== client.clientId) return
      const poolId = opened.pool.id
      const expiresAt = found.expiresAt * second
      await store.db
        .transaction()
        .execute((db) => noteTokenEnded({ db, now: clock.now() }, poolId, { ...found, expiresAt }))
      changed(poolId)
      const { clientId, audience: resource } = found
      const facts = { poolId, clientId, resource, tokenHash: hashSecret(token), status: 200 }
      record({ kind: 'admin.changed', outcome: 'ok', reason: 'revoked', ...facts })
    },
    policies: {
      async introspect(ctx, client, token) {
        const { opened } = exchangeOf(ctx.req)
        if (!isConfidential(recordOf(client)) || token.clientId !== client.clientId) return false
        return !(await isEnded(ground(), opened.pool.id, factsOf(token, client)))
      },
      revoke: (_ctx, client, token) => token.clientId === client.clientId,
    },
  }
}

function isConfidential({ tokenEndpointAuthMethod }: HotClient): boolean {
  return tokenEndpointAuthMethod !== 'none'
}

/** Whoever may be sent the token may ask about it, and whoever was given it; a public client proves nothing of who asks. */
function mayAsk({ pool }: OpenPool, client: HotClient, token: OwnToken): boolean {
  if (!isConfidential(client)) return false
  if (client.clientId === token.clientId) return true
  const resource = findResource(pool, token.audience)
  return resource !== undefined && isGranted(client, resource)
}

function factsOf({ accountId, iat = 0 }: LibraryToken, { clientId }: LibraryClient): TokenFacts {
  return { clientId, subject: accountId, issuedAt: iat }
}

/** RFC 7662 §2.2: what a resource server needs, and nothing that tells about the person. */
function describe({ claims }: OwnToken): object {
  const { scope, client_id, exp, iat, sub, aud, iss, jti, cnf } = claims
  return { active: true, scope, client_id, token_type: 'Bearer', exp, iat, sub, aud, iss, jti, cnf }
}
