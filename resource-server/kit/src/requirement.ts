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

/** Do the scopes (implied ones included) meet the requirement? Throws `Refusal` otherwise. RFC 6750 §3.1. */
export function checkScopes(requirement: Requirement, granted: ReadonlySet<string>): void {
  for (const scope of requirement.all) {
    if (!granted.has(scope)) throw new Refusal('insufficient_scope')
  }
  for (const set of requirement.anyOf) {
    if (!set.some((scope) => granted.has(scope))) throw new Refusal('insufficient_scope')
  }
}
