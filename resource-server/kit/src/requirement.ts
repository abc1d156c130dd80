import { Refusal } from './refusal.ts'

/** Scopes that a request needs: all of a list, or any one of `anyOf`. */
export type RequiredScopes = readonly string[] | { readonly anyOf: readonly string[] }

/** What a guarded route asks of a caller. */
export interface Requirement {
  readonly all: readonly string[]
  /** Of each set, one. */
  readonly anyOf: readonly (readonly string[])[]
  /**
   * The scope text of its challenges, or undefined for none: everything that the operation needs at once (of an `anyOf`
   * the first), so that one step up is enough. `openid` and `offline_access` are never asked of a client (MCP authorization).
   */
  readonly challenge: string | undefined
}

const notAdvertised = new Set(['openid', 'offline_access'])

/** The scopes that may be shown to clients, in challenges and metadata. */
export function advertised(scopes: readonly string[]): string[] {
  return [...new Set(scopes)].filter((scope) => !notAdvertised.has(scope))
}

/** Joins what the whole resource needs with what one route needs. */
export function combineRequirements(...parts: readonly (RequiredScopes | undefined)[]): Requirement {
  const all: string[] = []
  const anyOf: (readonly string[])[] = []
  for (const part of parts) {
    if (part === undefined) continue
    if ('anyOf' in part) anyOf.push(part.anyOf)
    else all.push(...part)
  }
  const asked = advertised([...all, ...anyOf.flatMap((set) => set.slice(0, 1))])
  return { all, anyOf, challenge: asked.length === 0 ? undefined : asked.join(' ') }
}

/** The same requirement and more; itself where there is no more. */
export function extendRequirement(requirement: Requirement, more: readonly RequiredScopes[]): Requirement {
  if (more.length === 0) return requirement
  return combineRequirements(requirement.all, ...requirement.anyOf.map((anyOf) => ({ anyOf })), ...more)
}

/** Do the scopes (implied ones included) meet the requirement? */
export function isMet({ all, anyOf }: Requirement, granted: ReadonlySet<string>): boolean {
  return all.every((scope) => granted.has(scope)) && anyOf.every((scopes) => scopes.some((scope) => granted.has(scope)))
}

/** Throws `Refusal` where the requirement is not met. RFC 6750 §3.1. */
export function checkScopes(requirement: Requirement, granted: ReadonlySet<string>): void {
  if (!isMet(requirement, granted)) {
    const missingScopes = missingOf(requirement, granted)
    throw new Refusal('insufficient_scope', { requirement, missingScopes })
  }
}

/** What `granted` lacks; where one of several would do, all of these. */
function missingOf({ all, anyOf }: Requirement, granted: ReadonlySet<string>): readonly string[] {
  const unmet = anyOf.filter((scopes) => !scopes.some((scope) => granted.has(scope)))
  return [...new Set([...all.filter((scope) => !granted.has(scope)), ...unmet.flat()])]
}
