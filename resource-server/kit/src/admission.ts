import { type EventInput, type MaybePromise, sha256Base64url, whenReady } from '@postern/core'
import type { AuthInfo } from './auth-info.ts'
import type { Prove } from './binding/prove.ts'
import type { Credential } from './credentials.ts'
import type { Settings } from './options/settings.ts'
import { onBehalfOf, type Refusal, type RefusedCaller, statuses, toRefusal } from './refusal.ts'
import { checkScopes, extendRequirement, type RequiredScopes, type Requirement } from './requirement.ts'
import { telemetry } from './telemetry.ts'
import { callerOf, type Identity, type Verify } from './tokens/identity.ts'

/** Admits a caller, or throws or rejects with `Refusal`. At once where nothing has to be waited for. */
export type Admission = (
  readCredential: () => Credential,
  requestId?: string | undefined,
  readNeeds?: ReadNeeds | undefined,
) => MaybePromise<Identity>

/** Finds what the operations in a request need besides. Asked only about callers whose credential is good. */
export type ReadNeeds = (auth: AuthInfo) => MaybePromise<readonly RequiredScopes[]>

/**
 * The whole way of one credential, whoever asks: read, identified, its binding proven, its scopes checked last, so that
 * a dead token is never answered with a demand for scopes. Each decision leaves one event.
 */
export function createAdmission(
  settings: Pick<Settings, 'onEvent' | 'resource'>,
  requirement: Requirement,
  verify: Verify,
  prove: Prove,
): Admission {
  const record = createRecord(settings)

  const conclude = (attempt: Attempt, identity: Identity, needed: Requirement): Identity => {
    const caller = callerOf(identity)
    onBehalfOf(caller, () => checkScopes(needed, identity.granted))
    record(attempt, caller)
    return identity
  }

  const admit = (attempt: Attempt, identity: Identity, readNeeds?: ReadNeeds): MaybePromise<Identity> => {
    if (readNeeds === undefined) return conclude(attempt, identity, requirement)
    return whenReady(needsOf(identity, readNeeds), (more) =>
      conclude(attempt, identity, extendRequirement(requirement, more)),
    )
  }

  const refuse = (attempt: Attempt, error: unknown): never => {
    const refusal = toRefusal(error)
    record(attempt, refusal.caller, refusal)
    throw refusal
  }

  return (readCredential, requestId, readNeeds) => {
    const attempt: Attempt = {
      requestId,
      startedAt: settings.onEvent === undefined && telemetry() === undefined ? undefined : performance.now(),
      tokenHash: undefined,
    }
    try {
      const credential = readCredential()
      const identity = whenReady(sha256Base64url(credential.token), (hash) => {
        attempt.tokenHash = hash
        return whenReady(verify(credential.token, hash), (known) =>
          whenReady(prove(known, credential, hash), () => known),
        )
      })
      const admitted = whenReady(identity, (ready) => admit(attempt, ready, readNeeds))
      return admitted instanceof Promise ? admitted.catch((error: unknown) => refuse(attempt, error)) : admitted
    } catch (error) {
      return refuse(attempt, error)
    }
  }
}

function needsOf(identity: Identity, readNeeds: ReadNeeds): ReturnType<ReadNeeds> {
  const caller = callerOf(identity)
  const needs = onBehalfOf(caller, () => readNeeds(identity.auth))
  if (!(needs instanceof Promise)) return needs
  return needs.catch((error: unknown) =>
    onBehalfOf(caller, () => {
      throw error
    }),
  )
}

interface Attempt {
  readonly requestId: string | undefined
  /** Of `performance.now`, which no test clock moves: this is how long it took, not when it was. Absent where nobody wants to know. */
  readonly startedAt: number | undefined
  tokenHash: string | undefined
}

type Record = (attempt: Attempt, caller: RefusedCaller | undefined, refusal?: Refusal) => void

function createRecord({ onEvent, resource }: Pick<Settings, 'onEvent' | 'resource'>): Record {
  return ({ requestId, startedAt, tokenHash }, caller, refusal) => {
    if (startedAt === undefined) return
    const endedAt = performance.now()
    const decision = refusal === undefined ? accepted : refused(refusal)
    telemetry()?.({ ...decision, startedAt, endedAt })
    if (onEvent === undefined) return
    const event: EventInput = {
      ...decision,
      resource,
      durationMs: endedAt - startedAt,
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
