import { type EventInput, type EventSink, isId, type Reason } from '@postern/core'
import { hashSecret } from '@postern/server'
import type { Exchange } from './exchange.ts'
import type { Throttle } from './throttle.ts'

export interface IssuedToken {
  readonly clientId: string
  readonly resource: string | undefined
  /** The person that it speaks for; absent where it speaks for the client itself. */
  readonly subject?: string | undefined
  readonly accessToken: string
  /** HTTP status, 200 when absent. */
  readonly status?: number
}

export interface RefusedToken {
  readonly reason: Reason
  readonly status: number
  readonly clientId?: string | undefined
  readonly resource?: string | undefined
}

export interface Decisions {
  issued(exchange: Exchange, token: IssuedToken): void
  refused(exchange: Exchange, refusal: RefusedToken): void
}

export interface DecisionsOptions {
  readonly record: EventSink
  readonly throttle: Throttle
  /** Told how long each decision took, in seconds. */
  readonly observe: (status: number, seconds: number) => void
}

/** What a wrong secret looks like in an event. Signatures cannot be guessed, so assertions make nobody wait. */
const wrongSecret: ReadonlySet<Reason> = new Set(['unknown_client', 'wrong_secret', 'wrong_auth_method'])

/** Records every decision of the token endpoint, and tells the throttle what it has to know of it. */
export function createDecisions({ record, throttle, observe }: DecisionsOptions): Decisions {
  return {
    issued(exchange, { clientId, resource, subject, accessToken, status = 200 }) {
      // A token that was minted proves nothing about who knows the secret.
      if (exchange.claim?.withSecret) throttle.succeeded(attemptOf(exchange, clientId))
      note(exchange, {
        kind: 'token.issued',
        outcome: 'ok',
        reason: 'ok',
        clientId,
        resource,
        tokenHash: hashSecret(accessToken),
        ...(subject === undefined ? {} : { subjectHash: hashSecret(subject) }),
        status,
      })
    },
    refused(exchange, { reason, status, clientId, resource }) {
      const { claim } = exchange
      if (claim?.withSecret && wrongSecret.has(reason)) throttle.failed(attemptOf(exchange, claim.clientId))
      note(exchange, {
        kind: 'token.refused',
        outcome: reason === 'internal' ? 'error' : 'refused',
        reason,
        // What was claimed may be anything, even a secret in the wrong place: it is repeated only where it can be an id.
        clientId: clientId ?? (claim && isId(claim.clientId) ? claim.clientId : undefined),
        resource,
        status,
      })
    },
  }

  function note({ opened, requestId, startedAt }: Exchange, { clientId, resource, ...facts }: Facts): void {
    const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000
    observe(facts.status, durationMs / 1000)
    record({
      ...facts,
      poolId: opened.pool.id,
      durationMs,
      ...(requestId === undefined ? {} : { requestId }),
      ...(clientId === undefined ? {} : { clientId }),
      ...(resource === undefined ? {} : { resource }),
    })
  }
}

interface Facts extends Pick<EventInput, 'kind' | 'outcome' | 'reason'> {
  readonly status: number
  readonly clientId: string | undefined
  readonly resource: string | undefined
  readonly tokenHash?: string
  readonly subjectHash?: string
}

function attemptOf({ opened, address }: Exchange, clientId: string) {
  return { poolId: opened.pool.id, clientId, address }
}
