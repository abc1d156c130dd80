import type { PasswordPolicy } from '@postern/server'
import type { Wording } from '../language/wording.ts'

/** The pool's password policy as one sentence. */
export function passwordRule(wording: Wording, policy: PasswordPolicy): string {
  const kinds = [
    policy.requireUppercase && wording.say('password.upper'),
    policy.requireLowercase && wording.say('password.lower'),
    policy.requireNumbers && wording.say('password.number'),
    policy.requireSymbols && wording.say('password.symbol'),
  ].filter((kind) => kind !== false)
  const count = policy.minLength
  if (kinds.length === 0) return wording.say('password.rule', { count })
  return wording.say('password.ruleWith', { count, kinds: wording.list(kinds, 'conjunction') })
}
