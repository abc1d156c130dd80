import { type Clock, type MaybePromise, whenReady } from '@postern/core'
import { limits } from '../limits.ts'
import type { InboundRequest } from '../request.ts'
import { proofAlgorithmOf } from './algorithm.ts'
import type { ProofCheck, ProofContext } from './context.ts'
import { checkMethod } from './method.ts'
import { createNonces, type NonceRules } from './nonce.ts'
import { proofKeyOf } from './public-key.ts'
import { readProof } from './read-proof.ts'
import { createReplayCheck } from './replay.ts'
import type { ReplayStore } from './replay-store.ts'
import { checkProofSignature } from './signature.ts'
import { checkTarget, targetOf } from './target.ts'
import { checkThumbprint, thumbprintOf } from './thumbprint.ts'
import { checkProofTime } from './time.ts'
import { checkTokenHash } from './token-hash.ts'
import { checkProofTyp } from './typ.ts'

/** The option `dpop`, validated, with defaults. */
export interface DpopRules {
  /** Whether tokens must be bound to a DPoP key. */
  readonly required: boolean
  readonly algorithms: ReadonlySet<string>
  /** Seconds. */
  readonly maxAge: number
  /** Undefined: in memory. */
  readonly replayStore: ReplayStore | undefined
  readonly nonce: NonceRules | undefined
}

/** The access token that a proof must be for. */
export interface BoundToken {
  /** SHA-256, base64url. */
  readonly hash: string
  /** `cnf.jkt`. */
  readonly jkt: string
}

/** Checks that a request proves to have the key that its token is bound to. Throws or rejects with `Refusal`. */
export type CheckProof = (request: InboundRequest, token: BoundToken) => MaybePromise<void>

/** After the signature. The key comes last, so that `invalid_token` is about the token and never about a bad proof. */
const proofChecks: readonly ProofCheck[] = [checkMethod, checkTarget, checkTokenHash, checkProofTime, checkThumbprint]

/** Prepares the examination of DPoP proofs (RFC 9449 §4.3): shape, key, signature, claims, nonce, replay. */
export function createProofCheck(rules: DpopRules, settings: { resource: string; clock: Clock }): CheckProof {
  const { clock, resource } = settings
  const { origin } = new URL(resource)
  const { algorithms, nonce, replayStore } = rules
  const nonces = nonce === undefined ? undefined : createNonces(nonce, settings)
  const maxAge = nonces === undefined ? rules.maxAge : undefined
  const retention = nonce === undefined ? rules.maxAge + limits.dpopAheadSeconds : nonce.lifetime * 1.5
  const checkReplay = createReplayCheck({ clock, store: replayStore, retention })

  return (request, token) => {
    const proof = readProof(request.header('dpop'))
    checkProofTyp(proof.header)
    const algorithm = proofAlgorithmOf(proof.header, algorithms)
    const jwk = proofKeyOf(proof.header, algorithm)
    return whenReady(checkProofSignature(proof, algorithm, jwk), () =>
      whenReady(thumbprintOf(jwk), (thumbprint) => {
        const context: ProofContext = {
          claims: proof.payload,
          method: request.method,
          target: targetOf(origin, request.url),
          tokenHash: token.hash,
          thumbprint,
          boundTo: token.jkt,
          now: clock.now() / 1000,
          maxAge,
        }
        for (const check of proofChecks) check(context)
        return whenReady(nonces?.check(proof.payload), () => checkReplay(context, request))
      }),
    )
  }
}
