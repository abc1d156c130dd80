import type { JsonObject } from '@postern/core'
import type { Algorithm } from '../../options/algorithms.ts'
import type { TokenSource } from '../fake-issuer.ts'
import { assemble, type SigningKey, signBytes } from '../signing.ts'

/** One way for a token to be wrong. */
export interface Broken {
  /** The row of the case table. */
  readonly row: string
  readonly what: string
  make(issuer: TokenSource): string
}

/** Header of a good token of the key. */
export function headerFor(key: SigningKey, changes: Readonly<JsonObject> = {}): JsonObject {
  return { alg: key.algorithm, kid: key.kid, typ: 'at+jwt', ...changes }
}

/** A properly signed token with the given header and payload; texts stand as they are. */
export function signed(
  header: unknown,
  payload: unknown,
  key: SigningKey,
  algorithm: Algorithm = key.algorithm,
): string {
  return assemble(header, payload, (input) => signBytes(input, algorithm, key.privateKey))
}

/** A token whose header is changed before it is signed. */
export function withHeader(row: string, what: string, changes: Readonly<JsonObject>): Broken {
  return {
    row,
    what,
    make(issuer) {
      const key = issuer.signingKey()
      const header = Object.entries(headerFor(key, changes)).filter(([, value]) => value !== undefined)
      return signed(Object.fromEntries(header), issuer.claims(), key)
    },
  }
}

/** A token whose claims are changed before it is signed. */
export function withClaims(
  row: string,
  what: string,
  changes: Readonly<JsonObject> | ((good: JsonObject) => Readonly<JsonObject>),
): Broken {
  return {
    row,
    what,
    make(issuer) {
      const key = issuer.signingKey()
      const more = typeof changes === 'function' ? changes(issuer.claims()) : changes
      return signed(headerFor(key), issuer.claims(more), key)
    },
  }
}
