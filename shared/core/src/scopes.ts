import { limits } from './limits.ts'

/** Scope → the scopes that it implies. Followed transitively; cycles are fine. */
export type ScopeHierarchy = Readonly<Record<string, readonly string[]>>

const scopeToken = /^[\x21\x23-\x5B\x5D-\x7E]+$/

/** Is `text` one scope-token (RFC 6749 §3.3): printable ASCII without space, `"` and `\`? */
export function isScopeToken(text: string): boolean {
  return scopeToken.test(text)
}

/**
 * Splits a `scope` text (RFC 6749 §3.3: tokens with one space between) into its tokens: order kept, duplicates dropped.
 * The empty text has no scopes; a malformed one gives undefined.
 */
export function parseScope(text: string): string[] | undefined {
  if (text === '') return []
  if (text.length > limits.scopeLength) return undefined
  const tokens = text.split(' ')
  return tokens.every(isScopeToken) ? [...new Set(tokens)] : undefined
}

/** All scopes that `granted` amounts to: itself, and whatever it implies. */
export function expandScopes(granted: readonly string[], hierarchy: ScopeHierarchy = {}): Set<string> {
  const all = new Set(granted)
  // A Set visits what is added while it is walked, which makes this transitive and ends cycles.
  for (const scope of all) {
    if (!Object.hasOwn(hierarchy, scope)) continue
    for (const implied of hierarchy[scope] ?? []) all.add(implied)
  }
  return all
}

/** The scopes of `required` that `granted` does not amount to, in the order of `required`. */
export function missingScopes(
  granted: readonly string[],
  required: readonly string[],
  hierarchy: ScopeHierarchy = {},
): string[] {
  const all = expandScopes(granted, hierarchy)
  return [...new Set(required)].filter((scope) => !all.has(scope))
}
