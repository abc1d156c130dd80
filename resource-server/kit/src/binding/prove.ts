import { type Clock, type MaybePromise, sha256Base64url, whenReady } from '@postern/core'
import type { Credential } from '../credentials.ts'
import { createProofCheck, type DpopRules } from '../dpop/verify-proof.ts'
import { Refusal, toRefusal } from '../refusal.ts'
import type { InboundRequest } from '../request.ts'
import { callerOf, type Identity } from '../tokens/identity.ts'
import { checkCertificate, type FindCertificate } from './certificate.ts'

/** Checks that the caller has what its token is bound to, by what came with it. Throws or rejects with `Refusal`. */
export type Prove = (identity: Identity, presented: Credential) => MaybePromise<void>

export interface BindingSettings {
  readonly resource: string
  readonly clock: Clock
  /** Undefined: DPoP is off. */
  readonly dpop: DpopRules | undefined
  /** Undefined: mTLS is off. */
  readonly findCertificate: FindCertificate | undefined
}

/**
 * Prepares the check of bindings, which runs at every request, for the verified token may be remembered but a proof is good
 * for one request. A token that is bound to two things needs both; one that is bound must not come as a mere bearer, nor
 * one that is not as if it were (RFC 9449 §7.1, §7.2).
 */
export function createProve(settings: BindingSettings): Prove {
  const { dpop, findCertificate } = settings
  const checkProof = dpop === undefined ? undefined : createProofCheck(dpop, settings)

  const prove: Prove = ({ auth }, { scheme, token, request }) => {
    const { jkt, 'x5t#S256': x5t } = auth.confirmation ?? {}
    if (jkt === undefined && (scheme === 'DPoP' || dpop?.required === true)) throw new Refusal('token_not_bound')
    if (jkt !== undefined && scheme !== 'DPoP') throw new Refusal('binding_not_supported')
    if (request === undefined) throw new Refusal('binding_not_supported')
    return whenReady(x5t === undefined ? undefined : proveCertificate(x5t, request), () => {
      if (jkt === undefined) return
      if (checkProof === undefined) throw new Refusal('binding_not_supported')
      return whenReady(sha256Base64url(token), (hash) => checkProof(request, { hash, jkt }))
    })
  }
  const proveCertificate = (x5t: string, request: InboundRequest): MaybePromise<void> => {
    if (findCertificate === undefined) throw new Refusal('binding_not_supported')
    return checkCertificate(x5t, request, findCertificate)
  }

  return (identity, presented) => {
    const isBound = identity.auth.confirmation !== undefined
    if (!isBound && presented.scheme === 'Bearer' && dpop?.required !== true) return
    return onBehalfOf(identity, () => prove(identity, presented))
  }
}

/** What is refused is known to be this caller's, also where that takes a while to find out. */
function onBehalfOf(identity: Identity, work: () => MaybePromise<void>): MaybePromise<void> {
  const refuse = (error: unknown): never => {
    const refusal = toRefusal(error)
    refusal.caller = callerOf(identity)
    throw refusal
  }
  try {
    const done = work()
    return done instanceof Promise ? done.catch(refuse) : done
  } catch (error) {
    return refuse(error)
  }
}
