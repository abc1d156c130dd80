import { isScopeToken, parseScope } from '@postern/core'
import { Refusal } from '../refusal.ts'
import { member, type TokenContext } from './context.ts'

/**
 * The scopes of the token, from the first of the configured claims that is there: a text (RFC 8693 §4.2) or a list.
 * None where there is no such claim. Throws `Refusal` for anything else.
 */
export function scopesOf({ claims, rules }: Pick<TokenContext, 'claims' | 'rules'>): readonly string[] {
  for (const name of rules.scopeClaims) {
    const value = member(claims, name)
    if (value === undefined || value === null) continue
    const scopes = typeof value === 'string' ? parseScope(value) : scopeList(value)
    if (scopes === undefined) throw new Refusal('malformed_claim')
    return scopes
  }
  return []
}

function scopeList(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && isScopeToken(item))
    ? value
    : undefined
}
