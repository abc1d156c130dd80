import { type Clock, type MaybePromise, sha256Base64url, whenReady } from '@postern/core'
import { Refusal } from '../refusal.ts'
import type { InboundRequest } from '../request.ts'
import { callHost, failWith } from '../tokens/call.ts'
import type { ProofContext } from './context.ts'
import { proofIdOf } from './proof-id.ts'
import { createReplayStore, type ReplayStore } from './replay-store.ts'

export interface ReplaySettings {
  readonly clock: Clock
  /** Undefined: in memory. */
  readonly store: ReplayStore | undefined
  /** Longest that a proof could be good from now on, seconds. */
  readonly retention: number
}

/**
 * Prepares the check that a proof has not been used before (RFC 9449 §11.1): the last of all, so that only good proofs fill
 * the store. Fails closed. One request may come past several guards with its proof.
 */
export function createReplayCheck({ clock, store = createReplayStore({ clock }), retention }: ReplaySettings) {
  const usedBy = new WeakMap<object, string>()
  return (context: ProofContext, { source }: InboundRequest): MaybePromise<void> => {
    const { thumbprint, target, now } = context
    // Past the last moment at which the proof would pass, not at it.
    const expiresAt = Math.floor(now + retention) + 1
    return whenReady(sha256Base64url(`${thumbprint}\n${target}\n${proofIdOf(context)}`), (id) => {
      if (isObject(source) && usedBy.get(source) === id) return
      const answer = callHost(() => store.add(id, expiresAt), { failure: failWith('replay_store_unavailable') })
      return whenReady(answer, (isNew) => {
        if (isNew === false) throw new Refusal('dpop_proof_replayed')
        if (isNew !== true) throw new Refusal('replay_store_unavailable')
        if (isObject(source)) usedBy.set(source, id)
      })
    })
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
