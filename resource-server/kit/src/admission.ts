import { type EventInput, type MaybePromise, sha256Base64url, whenReady } from '@postern/core'
import type { Settings } from './options/settings.ts'
import { onBehalfOf, type Refusal, type RefusedCaller, statuses, toRefusal } from './refusal.ts'
import { checkScopes, type Requirement } from './requirement.ts'
import { callerOf, type Identity, type Verify } from './tokens/identity.ts'

/** Admits a caller, or throws or rejects with `Refusal`. At once where nothing has to be waited for. */
export type Admission = (readToken: () => string, requestId?: string | undefined) => MaybePromise<Identity>

/**
 * The whole way of one credential, whoever asks: read, identified, its scopes checked last, so that a dead token is never
 * answered with a demand for scopes. Each decision leaves one event.
 */
export function createAdmission(
  settings: Pick<Settings, 'onEvent' | 'resource'>,
  requirement: Requirement,
  verify: Verify,
): Admission {
  const record = createRecord(settings)

  const admit = (attempt: Attempt, identity: Identity): Identity => {
    const caller = callerOf(identity)
    onBehalfOf(caller, () => checkScopes(requirement, identity.granted))
    record?.(attempt, caller)
    return identity
  }

  const refuse = (attempt: Attempt, error: unknown): never => {
    const refusal = toRefusal(error)
    record?.(attempt, refusal.caller, refusal)
    throw refusal
  }

  return (readToken, requestId) => {
    const attempt: Attempt = {
      requestId,
      startedAt: record === undefined ? 0 : performance.now(),
      tokenHash: undefined,
    }
    try {
      const token = readToken()
      const identity = whenReady(sha256Base64url(token), (hash) => {
        attempt.tokenHash = hash
        return verify(token, hash)
      })
      if (!(identity instanceof Promise)) return admit(attempt, identity)
      return identity.then((ready) => admit(attempt, ready)).catch((error: unknown) => refuse(attempt, error))
    } catch (error) {
      return refuse(attempt, error)
    }
  }
}

interface Attempt {
  readonly requestId: string | undefined
  /** Of `performance.now`, which no test clock moves: this is how long it took, not when it was. */
  readonly startedAt: number
  tokenHash: string | undefined
}

type Record = (attempt: Attempt, caller: RefusedCaller | undefined, refusal?: Refusal) => void

function createRecord({ onEvent, resource }: Pick<Settings, 'onEvent' | 'resource'>): Record | undefined {
  if (onEvent === undefined) return undefined
  return ({ requestId, startedAt, tokenHash }, caller, refusal) => {
    const event: EventInput = {
      ...(refusal === undefined ? accepted : refused(refusal)),
      resource,
      durationMs: performance.now() - startedAt,
      ...(requestId === undefined ? {} : { requestId }),
      ...(tokenHash === undefined ? {} : { tokenHash }),
      ...(caller ?? {}),
    }
    onEvent(event)
  }
}

const accepted = { kind: 'access.verified', outcome: 'ok', reason: 'ok' } as const

function refused({ kind, reason }: Refusal): Pick<EventInput, 'kind' | 'outcome' | 'reason' | 'status'> {
  const status = statuses[kind]
  return { kind: 'access.refused', outcome: status >= 500 ? 'error' : 'refused', reason, status }
}
