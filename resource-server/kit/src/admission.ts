import { type EventInput, type MaybePromise, whenReady } from '@postern/core'
import type { AuthInfo } from './auth-info.ts'
import type { Prove } from './binding/prove.ts'
import type { Credential } from './credentials.ts'
import type { Settings } from './options/settings.ts'
import { type Refusal, statuses, toRefusal } from './refusal.ts'
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

/** The ways of one credential through the kit. */
export interface AdmissionParts extends Pick<Settings, 'onEvent' | 'resource'> {
  /** The SHA-256 of a token, base64url. */
  readonly hashOf: (token: string) => MaybePromise<string>
  readonly verify: Verify
  readonly prove: Prove
}

/**
 * The whole way of one credential, whoever asks: read, identified, its binding proven, its scopes checked last, so that
 * a dead token is never answered with a demand for scopes. Each decision leaves one event. Runs at every request, so each
 * step goes on at once where it can, without a function made for the case that it cannot.
 */
export function createAdmission(
  requirement: Requirement,
  { onEvent, resource, hashOf, verify, prove }: AdmissionParts,
): Admission {
  const record = createRecord({ onEvent, resource })

  const conclude = (attempt: Attempt, identity: Identity, needed: Requirement): Identity => {
    checkScopes(needed, identity.granted)
    record(attempt)
    return identity
  }

  const admit = (attempt: Attempt, identity: Identity, readNeeds?: ReadNeeds): MaybePromise<Identity> => {
    attempt.identity = identity
    if (readNeeds === undefined) return conclude(attempt, identity, requirement)
    const needs = readNeeds(identity.auth)
    return needs instanceof Promise
      ? needs.then((more) => conclude(attempt, identity, extendRequirement(requirement, more)))
      : conclude(attempt, identity, extendRequirement(requirement, needs))
  }

  const refuse = (attempt: Attempt, error: unknown): never => {
    const refusal = toRefusal(error)
    // Whatever is refused from here on is refused to this caller.
    if (attempt.identity !== undefined) refusal.caller = callerOf(attempt.identity)
    record(attempt, refusal)
    throw refusal
  }

  const bind = (identity: Identity, credential: Credential): MaybePromise<Identity> => {
    const proven = prove(identity, credential)
    return proven instanceof Promise ? proven.then(() => identity) : identity
  }

  const identify = (credential: Credential): MaybePromise<Identity> => {
    const identity = verify(credential.token)
    return identity instanceof Promise ? identity.then((known) => bind(known, credential)) : bind(identity, credential)
  }

  const identifyNamed = (attempt: Attempt, credential: Credential): MaybePromise<Identity> =>
    whenReady(hashOf(credential.token), (hash) => {
      attempt.tokenHash = hash
      return identify(credential)
    })

  return (readCredential, requestId, readNeeds) => {
    const attempt: Attempt = {
      requestId,
      startedAt: onEvent === undefined && telemetry() === undefined ? undefined : performance.now(),
      tokenHash: undefined,
      identity: undefined,
    }
    try {
      const credential = readCredential()
      // Making the hash takes as long as all else that is done about a token that is known; only events have it.
      const identity = onEvent === undefined ? identify(credential) : identifyNamed(attempt, credential)
      const admitted =
        identity instanceof Promise
          ? identity.then((known) => admit(attempt, known, readNeeds))
          : admit(attempt, identity, readNeeds)
      return admitted instanceof Promise ? admitted.catch((error: unknown) => refuse(attempt, error)) : admitted
    } catch (error) {
      return refuse(attempt, error)
    }
  }
}

interface Attempt {
  readonly requestId: string | undefined
  /** Of `performance.now`, which no test clock moves: this is how long it took, not when it was. Absent where nobody wants to know. */
  readonly startedAt: number | undefined
  tokenHash: string | undefined
  /** Whose credential it is, once that is good and its binding proven. */
  identity: Identity | undefined
}

type Record = (attempt: Attempt, refusal?: Refusal) => void

function createRecord({ onEvent, resource }: Pick<Settings, 'onEvent' | 'resource'>): Record {
  return ({ requestId, startedAt, tokenHash, identity }, refusal) => {
    if (startedAt === undefined) return
    const endedAt = performance.now()
    const decision = refusal === undefined ? accepted : refused(refusal)
    telemetry()?.(decision, startedAt, endedAt)
    if (onEvent === undefined) return
    const caller = refusal === undefined ? identity && callerOf(identity) : refusal.caller
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
