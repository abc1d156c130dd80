import type { ClaimRule } from '../options/types.ts'
import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/** The configured rules on claims are met. The token is good all the same, so this is a matter of policy: 403. */
export const checkClaimRules: Check = ({ claims, rules }) => {
  for (const [name, rule] of rules.claimRules) {
    if (!isMet(rule, member(claims, name))) throw new Refusal('claim_rule')
  }
}

function isMet(rule: ClaimRule, value: unknown): boolean {
  if (typeof rule === 'function') return rule(value)
  const wanted: readonly unknown[] = Array.isArray(rule) ? rule : [rule]
  return Array.isArray(value) ? value.some((item) => wanted.includes(item)) : wanted.includes(value)
}
