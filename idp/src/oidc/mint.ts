import type { Clock } from '@postern/core'
import type { Directory } from '../directory/types.ts'
import { limits } from '../limits.ts'
import { type Access, decideAccess } from './access.ts'
import { makeAccessToken } from './access-token.ts'
import type { Clients } from './clients.ts'
import type { Decisions } from './decisions.ts'
import type { OpenPool, OpenPools } from './open-pools.ts'
import { Refusal } from './refusal.ts'

export interface MintRequest {
  readonly poolId: string
  readonly clientId: string
  /** As the caller spells it; absent: the default of client or pool. */
  readonly resource?: string | undefined
  /** Absent: all that are granted. */
  readonly scopes?: readonly string[] | undefined
  /** Seconds, 1 to 86400; absent: as configured. */
  readonly ttl?: number | undefined
  /** Goes into the event. */
  readonly requestId?: string | undefined
}

export interface MintedToken {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly tokenType: 'Bearer'
}

/** Issues a token for a client without its credentials: for the management API, in development. */
export type Mint = (request: MintRequest) => Promise<MintedToken>

export interface MintOptions {
  readonly pools: OpenPools
  readonly clients: Clients
  readonly directory: Directory
  readonly decisions: Decisions
  readonly clock: Clock
}

const refuse = {
  pool: () => new Refusal('pool_unknown', 'invalid_request', 'there is no such user pool', 404),
  disabled: () => new Refusal('pool_disabled', 'invalid_request', 'the user pool is disabled; enable it', 409),
  client: () => new Refusal('unknown_client', 'invalid_client', 'there is no such client in this pool', 404),
  people: () =>
    new Refusal('unsupported_grant', 'unauthorized_client', 'tokens are made for machine clients; name one of those'),
  ttl: () => new Refusal('invalid_request', 'invalid_request', 'ttl is a whole number of seconds from 1 to 86400'),
} as const

/**
 * Makes `mint`. The token has the same claims, the same key and the same rules as one from the token endpoint.
 * It throws `Refusal`, an `OAuthError` with `status` and `reason`.
 */
export function createMint({ pools, clients, directory, decisions, clock }: MintOptions): Mint {
  return async (request) => {
    const startedAt = performance.now()
    const opened = await pools.open(request.poolId)
    if (opened === undefined) throw refuse.pool()
    const exchange = { opened, requestId: request.requestId, startedAt, address: '', claim: undefined }
    try {
      const access = await decide(opened, request)
      const facts = { issuer: opened.issuer, clientId: request.clientId, access, now: clock.now() }
      const accessToken = await makeAccessToken(opened.signer, facts)
      decisions.issued(exchange, {
        clientId: request.clientId,
        resource: access.resource.identifier,
        accessToken,
        status: 201,
      })
      return { accessToken, expiresIn: access.ttl, tokenType: 'Bearer' }
    } catch (error) {
      if (error instanceof Refusal) decisions.refused(exchange, { reason: error.reason, status: error.status })
      throw error
    }
  }

  async function decide(opened: OpenPool, request: MintRequest): Promise<Access> {
    if (!opened.pool.enabled) throw refuse.disabled()
    const client = await clients.find(opened, request.clientId)
    if (client === undefined) throw refuse.client()
    if (client.clientType !== 'MACHINE_TO_MACHINE') throw refuse.people()
    const access = decideAccess(opened.pool, client, request)
    if (request.ttl === undefined) return access
    if (!Number.isInteger(request.ttl) || request.ttl < 1 || request.ttl > limits.longestTtl) throw refuse.ttl()
    // The key must stay published for as long as the token lives.
    if (request.ttl > access.ttl) await directory.noteLifetime(opened.pool.id, request.ttl)
    return { ...access, ttl: request.ttl }
  }
}
