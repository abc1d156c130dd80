import { canonicalResource } from '@postern/core'
import type { IssuerRules } from '../options/settings.ts'
import { Refusal } from '../refusal.ts'
import { clientIdOf } from './client.ts'
import { member, type TokenContext } from './context.ts'

/** The audience of the token, as a list. RFC 7519 §4.1.3. Throws `Refusal` where it has none or a malformed one. */
export function audienceOf({ claims, rules }: Pick<TokenContext, 'claims' | 'rules'>): readonly string[] {
  const audience = member(claims, rules.audienceClaim)
  if (rules.anyAudience === true && audience === undefined) return []
  if (audience === undefined || audience === null) throw new Refusal('audience_missing')
  const named: unknown = typeof audience === 'string' ? [audience] : audience
  if (!isTexts(named)) throw new Refusal('audience_mismatch')
  return named
}

/** The token is meant for this resource (RFC 8707 §2, MCP authorization); where the option says so, for no other besides. */
export function checkAudience(context: TokenContext): void {
  const audience = audienceOf(context)
  if (context.rules.anyAudience === true) return
  const isOurs = (name: string) => matches(name, context.rules) || isOwnClient(name, context)
  const isMeant = context.rules.exclusiveAudience ? audience.every(isOurs) : audience.some(isOurs)
  if (!isMeant || audience.length === 0) throw new Refusal('audience_mismatch')
}

function matches(name: string, { audiences, audienceMatch }: IssuerRules): boolean {
  if (audiences.has(name)) return true
  const canonical = audienceMatch === 'canonical' ? canonicalResource(name) : undefined
  return canonical !== undefined && audiences.has(canonical)
}

function isOwnClient(name: string, context: TokenContext): boolean {
  return context.rules.acceptClientIdAudience && name === clientIdOf(context)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
