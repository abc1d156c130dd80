import { type MaybePromise, whenReady } from '@postern/core'
import type { ResourceServerOptions, RevocationQuery } from '../options/types.ts'
import { onBehalfOf, Refusal } from '../refusal.ts'
import { callHost, failWith } from './call.ts'
import { callerOf, type Identity } from './identity.ts'

export interface Revocable {
  readonly identity: Identity
  readonly revocation: RevocationQuery | undefined
}

/**
 * Asks the host about a token that is good otherwise, at every request. Fails closed: no clear answer is a refusal, 503
 * where none can be had.
 */
export function createRevocationCheck(
  isRevoked: ResourceServerOptions['isRevoked'],
): (token: Revocable) => MaybePromise<Identity> {
  if (isRevoked === undefined) return ({ identity }) => identity
  return ({ identity, revocation }) => {
    if (revocation === undefined) throw new Refusal('internal')
    const answer = callHost(() => isRevoked(revocation), { failure: failWith('timeout') })
    return whenReady(answer, (revoked) => {
      onBehalfOf(callerOf(identity), () => {
        if (revoked !== false) throw new Refusal('revoked')
      })
      return identity
    })
  }
}
