import { parseJws } from '@postern/core'
import { member } from '../checks/context.ts'
import { limits } from '../limits.ts'
import type { Verify } from './identity.ts'
import type { Introspection } from './introspection.ts'
import { isJwtShaped } from './jwt-shape.ts'

/** The verifier that asks an issuer about a token; undefined where by the options none is asked about such a one. */
export type ChooseIntrospection = (token: string) => Verify | undefined

/**
 * Chooses by what the options say, never by what a verifier made of the token: an opaque token by its beginning, a JWT
 * by its `iss`, to the letter. Nobody but the one issuer ever gets to see it.
 */
export function createIntrospectionRoute(introspections: readonly Introspection[]): ChooseIntrospection {
  const prefixed = introspections
    .flatMap(({ rules: { prefix }, verify }) => (prefix === undefined ? [] : [{ prefix, verify }]))
    .sort((one, other) => other.prefix.length - one.prefix.length)
  const opaque = introspections.find(({ rules }) => rules.prefix === undefined)
  const byIssuer = new Map<unknown, Introspection>(
    introspections.filter(({ rules }) => rules.tokens === 'all').map((one) => [one.issuer, one]),
  )
  return (token) => {
    const begun = prefixed.find(({ prefix }) => token.startsWith(prefix))
    if (begun !== undefined) return begun.verify
    if (!isJwtShaped(token)) return opaque?.verify
    return byIssuer.size === 0 ? undefined : byIssuer.get(issuerOf(token))?.verify
  }
}

/** What the token says of its issuer: good enough to choose whom to ask, for the answer is that issuer's own. */
function issuerOf(token: string): unknown {
  const jws = parseJws(token, { maxLength: limits.tokenLength })
  return jws.malformed === undefined ? member(jws.payload, 'iss') : undefined
}
