import { expandScopes, type ScopeHierarchy } from '@postern/core'
import type { TokenContext } from '../checks/context.ts'
import { scopeClaimOf, scopesIn } from '../checks/scope-claim.ts'
import { limits } from '../limits.ts'

/** The scopes that a caller has, with what they imply: to look up, and to show. Frozen, for callers share it. */
export interface Granted {
  readonly names: ReadonlySet<string>
  readonly list: readonly string[]
}

/** What the token of a context grants. Throws `Refusal` where it says so in a malformed way. */
export type ReadGranted = (context: TokenContext) => Granted

export function grantOf(scopes: readonly string[], hierarchy: ScopeHierarchy): Granted {
  const names = expandScopes(scopes, hierarchy)
  return { names, list: Object.freeze([...names]) }
}

/**
 * Reads what tokens grant. Nearly all tokens of a resource have one of a few texts, so what these come to is kept; only
 * tokens whose signature is good come here.
 */
export function createGrants(hierarchy: ScopeHierarchy): ReadGranted {
  const kept = new Map<string, Granted>()
  return (context) => {
    const claim = scopeClaimOf(context)
    const known = typeof claim === 'string' ? kept.get(claim) : undefined
    if (known !== undefined) return known
    const granted = grantOf(scopesIn(claim), hierarchy)
    if (typeof claim !== 'string' || claim.length > limits.scopeTextLength) return granted
    if (kept.size >= limits.scopeTexts) kept.clear()
    kept.set(claim, granted)
    return granted
  }
}
