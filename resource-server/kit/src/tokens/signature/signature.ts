import type { MaybePromise } from '@postern/core'
import type { PublicJwk } from '../../keys/inspect-jwk.ts'
import type { Algorithm } from '../../options/algorithms.ts'

/** A platform's own form of a public key, ready to verify with. */
export type KeyHandle = object

/** Turns an inspected JWK into a key. Throws or rejects for what is no key after all, such as a point off its curve. */
export type ImportKey = (jwk: PublicJwk, algorithm: Algorithm) => MaybePromise<KeyHandle>

export interface SignedInput {
  readonly algorithm: Algorithm
  readonly key: KeyHandle
  /** ASCII: the token up to its second dot. */
  readonly signingInput: string
  readonly signature: Uint8Array<ArrayBuffer>
}

/** Does the signature verify? Whatever is wrong with it is a no, never an error. */
export type VerifySignature = (input: SignedInput) => MaybePromise<boolean>
