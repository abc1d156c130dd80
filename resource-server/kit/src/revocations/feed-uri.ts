import { fetchUrlProblem } from '../keys/fetch-url.ts'

/** The name in an issuer's metadata of the address of its feed. */
export const feedMember = 'revocation_feed_uri'

/**
 * The feed that an issuer's metadata advertises. One that is not below the issuer itself is none: metadata must not be
 * able to send every resource server somewhere else. Undefined where there is none.
 */
export function feedUriOf(document: Readonly<Record<string, unknown>>, issuer: string): string | undefined {
  const uri = document[feedMember]
  if (typeof uri !== 'string' || !URL.canParse(uri) || fetchUrlProblem(uri) !== undefined) return undefined
  const { href, search } = new URL(uri)
  const isBelow = href === uri && search === '' && uri.startsWith(issuer.endsWith('/') ? issuer : `${issuer}/`)
  return isBelow ? uri : undefined
}
