import type { Environment } from '../variables.ts'

export type Substitution = { ok: true; value: string; changed: boolean } | { ok: false; message: string }

const pattern = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^${}]*))?\}|\$\{/g

/** A text that {@link substitute} turns into this one, whatever variables there are. */
export function withoutVariables(text: string): string {
  return text.replaceAll('${', () => '$${')
}

/**
 * Puts variables into one text: `${X}`, or `${X:-y}` where X is absent or empty. `$${` stands for `${`.
 * What a variable holds is not looked at again.
 */
export function substitute(text: string, env: Environment): Substitution {
  const mistakes: string[] = []
  const value = text.replace(pattern, (whole: string, name?: string, fallback?: string) => {
    if (whole === '$${') return '${'
    if (name === undefined) {
      mistakes.push(
        `has a "\${" that is no variable; write \${NAME} or \${NAME:-default}, or $\${ for the characters themselves`,
      )
      return ''
    }
    const found = Object.hasOwn(env, name) ? env[name] : undefined
    if (fallback !== undefined) return found === undefined || found === '' ? fallback : found
    if (found === undefined)
      mistakes.push(`needs the variable ${name}, which is not set; set it, or write \${${name}:-default}`)
    return found ?? ''
  })
  const message = mistakes[0]
  return message === undefined ? { ok: true, value, changed: value !== text } : { ok: false, message }
}
