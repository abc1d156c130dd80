import type { FieldError, PasswordPolicy } from '@postern/server'
import { limits as shared } from '@postern/server'
import { nameKey } from './name-key.ts'

/**
 * A password as it is hashed and compared: composed (RFC 8265 §4.2, OpaqueString), so that it is the same from every
 * keyboard.
 */
export function normalPassword(password: string): string {
  return password.normalize('NFC').replace(/\p{Zs}/gu, ' ')
}

const classes = [
  { rule: 'requireUppercase', pattern: /\p{Lu}/u, message: 'needs an upper-case letter' },
  { rule: 'requireLowercase', pattern: /\p{Ll}/u, message: 'needs a lower-case letter' },
  { rule: 'requireNumbers', pattern: /\p{Nd}/u, message: 'needs a digit' },
  { rule: 'requireSymbols', pattern: /[^\p{L}\p{M}\p{N}\s]/u, message: 'needs a symbol, such as ! or #' },
] as const

/**
 * Everything that is wrong with a password, each with its mend; nothing of the password is repeated.
 *
 * @param names what the user is called: no password is one of these
 */
export function passwordFaults(
  policy: PasswordPolicy,
  password: string,
  names: readonly (string | null | undefined)[] = [],
): FieldError[] {
  const normal = normalPassword(password)
  const faults: FieldError[] = []
  const add = (code: FieldError['code'], message: string) => void faults.push({ field: 'password', code, message })
  const length = [...normal].length
  if (length < policy.minLength) add('too_short', `must have at least ${policy.minLength} characters`)
  if (password.length > shared.password) add('too_long', `has more than ${shared.password} characters; shorten it`)
  if (/\p{Cc}/u.test(normal)) add('invalid', 'must not hold control characters')
  for (const { rule, pattern, message } of classes) if (policy[rule] && !pattern.test(normal)) add('invalid', message)
  const key = nameKey(normal)
  if (names.some((name) => typeof name === 'string' && nameKey(name) === key)) {
    add('invalid', 'must not be a name of the user; choose another')
  }
  return faults
}
