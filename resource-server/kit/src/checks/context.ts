import type { JsonObject } from '@postern/core'
import type { IssuerRules } from '../options/settings.ts'

/** A JWT under examination, with the rules of the issuer that it names. */
export interface TokenContext {
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly rules: IssuerRules
  /** Seconds since the epoch. */
  readonly now: number
}

/** One check of a JWT. Returns when it finds nothing, throws `Refusal` when it does. */
export type Check = (context: TokenContext) => void

/** A member of the header or the claims; what an object inherits is never one. */
export function member(object: JsonObject, name: string): unknown {
  const value = object[name]
  return value !== undefined && Object.hasOwn(object, name) ? value : undefined
}
