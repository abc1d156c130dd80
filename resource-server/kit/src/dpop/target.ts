import { member } from '../checks/context.ts'
import { limits } from '../limits.ts'
import { Refusal } from '../refusal.ts'
import { splitUrl } from '../request.ts'
import type { ProofCheck } from './context.ts'

/**
 * `htu` is the URL of the request without query and fragment, which it must not have itself (RFC 9449 §4.2, §4.3, 9).
 * The origin is the resource's as it was configured, so no Host header and no X-Forwarded-* one has a say.
 */
export const checkTarget: ProofCheck = ({ claims, target }) => {
  const htu = member(claims, 'htu')
  if (typeof htu !== 'string' || normalizeTarget(htu) !== target) throw new Refusal('dpop_proof_mismatch')
}

/** What `htu` must mean for a request to this origin. */
export function targetOf(origin: string, url: string): string {
  return origin + normalizePath(splitUrl(url).path)
}

/** A path as the URL standard writes it: no query, fragment, quote, angle bracket, backslash or blank. */
const absolute = /^(https?:\/\/[\w.\-[\]:]+)(\/[!$-;=@-[\]-~]*)?$/i

/** The URL with its origin canonical and its path as it is, escapes aside; undefined for what is no such URL. */
export function normalizeTarget(htu: string): string | undefined {
  if (htu.length > limits.dpopTargetLength) return undefined
  const [, base, path = '/'] = absolute.exec(htu) ?? []
  return base === undefined || !URL.canParse(base) ? undefined : new URL(base).origin + normalizePath(path)
}

/** RFC 3986 §6.2.2.1–2: escapes in upper case, and none where none is needed. Dot segments match only themselves. */
function normalizePath(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : escaped.toUpperCase()
  })
}
