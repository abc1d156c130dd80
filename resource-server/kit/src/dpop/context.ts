import type { JsonObject } from '@postern/core'

/** A DPoP proof under examination, its signature verified, with the request that it must be made for. */
export interface ProofContext {
  readonly claims: JsonObject
  readonly method: string
  /** What `htu` must mean: the resource's origin and the request's path. */
  readonly target: string
  /** SHA-256 of the access token, base64url. */
  readonly tokenHash: string
  /** RFC 7638 thumbprint of the key that signed the proof. */
  readonly thumbprint: string
  /** That of the key which the token is bound to. */
  readonly boundTo: string
  /** Seconds since the epoch. */
  readonly now: number
  /** Oldest that `iat` may be, seconds; undefined where a nonce tells the time. */
  readonly maxAge: number | undefined
}

/** One check of a proof. Returns when it finds nothing, throws `Refusal` when it does. */
export type ProofCheck = (context: ProofContext) => void
