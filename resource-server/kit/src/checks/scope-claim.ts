import { isScopeToken, parseScope } from '@postern/core'
import { Refusal } from '../refusal.ts'
import { member, type TokenContext } from './context.ts'

/** The first of the configured claims for scopes that is there; undefined where there is none. */
export function scopeClaimOf({ claims, rules }: Pick<TokenContext, 'claims' | 'rules'>): unknown {
  for (const name of rules.scopeClaims) {
    const value = member(claims, name)
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

/** The scopes in such a claim: a text (RFC 8693 §4.2) or a list. None where there is no claim. Throws `Refusal` for anything else. */
export function scopesIn(claim: unknown): readonly string[] {
  if (claim === undefined) return []
  const scopes = typeof claim === 'string' ? parseScope(claim) : scopeList(claim)
  if (scopes === undefined) throw new Refusal('malformed_claim')
  return scopes
}

/** The scopes of the token. Throws `Refusal` where the claim is malformed. */
export function scopesOf(context: Pick<TokenContext, 'claims' | 'rules'>): readonly string[] {
  return scopesIn(scopeClaimOf(context))
}

function scopeList(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && isScopeToken(item))
    ? value
    : undefined
}
