/** Stands for what was taken out. */
const hidden = '[hidden]'

/** Names whose value is never logged, letter case and separators aside. */
const secretNames =
  /^(proxy)?authorization$|^auth$|cookie|secret|password|passwd|pwd|passphrase|passcode|^t?otp(code|token)?$|credential|assertion|^token$|(access|refresh|id|admin|bearer|subject|actor)token|apikey|privatekey|encryptionkey|^keys?$|^jwks?$|^(auth|authorization|user|device)?code$|codeverifier|^env$|^headers$|^(client|user)?pin$|signature|^sealed|databaseurl/

/** Of these, a number is a credential too. */
const secretNumbers = /^(password|passwd|pwd|passphrase|passcode|t?otp(code|token)?|(client|user)?pin)$/

/** What betrays itself by its look: compact JWS or JWE, API keys, bearer and basic credentials, passwords in URLs. */
const secretShapes: readonly [RegExp, string][] = [
  [/\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}/g, hidden],
  [/\bpst_[\w-]{20,}/g, hidden],
  [/\b(bearer|basic|dpop)\s+[\w.~+/=-]{8,}/gi, `$1 ${hidden}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi, `$1:${hidden}@`],
  // Quotes may be escaped, once or more, where the text is JSON in JSON.
  [
    /\b((?:client_)?secret|password|assertion|(?:access_|refresh_|id_|subject_)?token|code)(\\*["']?\s*[=:]\s*\\*["']?)(?:[^\s"'&,;\\]|\\+(?!["'\\])){6,}/gi,
    `$1$2${hidden}`,
  ],
  [
    /(?<![a-z0-9])(api[_-]?key|passwd|pwd|passphrase)(\\*["']?\s*[=:]\s*\\*["']?)(?:[^\s"'&,;\\]|\\+(?!["'\\])){6,}/gi,
    `$1$2${hidden}`,
  ],
]

const maxDepth = 8
const maxText = 16_384
const maxItems = 100

/** A copy of the value, bounded in depth and size, without what has the name or the look of a credential. */
export function redact(value: unknown): unknown {
  return copy(value, 0, new Set())
}

function copy(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
  if (above.has(value) || depth >= maxDepth) return '[…]'
  if (value instanceof Date) return value.toISOString()
  if (value instanceof URL) return redactText(value.href)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return '[bytes]'
  above.add(value)
  const result = copyObject(value, depth, above)
  above.delete(value)
  return result
}

function copyObject(value: object, depth: number, above: Set<object>): unknown {
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => copy(item, depth + 1, above))
  if (value instanceof Map || value instanceof Set) return '[…]'
  const result: Record<string, unknown> = value instanceof Error ? errorFields(value) : {}
  for (const [name, member] of Object.entries(value).slice(0, maxItems)) {
    result[name] = isSecret(name, member) ? hidden : copy(member, depth + 1, above)
  }
  if (value instanceof Error && value.cause !== undefined) result['cause'] = copy(value.cause, depth + 1, above)
  return result
}

/** Flags and counts are no credential, nor is the code of an error: `ECONNREFUSED`, `57P01`. */
function isSecret(name: string, member: unknown): boolean {
  if (member === undefined || member === null || typeof member === 'boolean') return false
  const plain = name.toLowerCase().replace(/[_\-\s]/g, '')
  if (typeof member === 'number') return secretNumbers.test(plain)
  if (name === 'code' && typeof member === 'string' && /^[A-Z0-9_]{3,40}$/.test(member)) return false
  return secretNames.test(plain)
}

function errorFields(error: Error): Record<string, unknown> {
  return { type: error.name, message: redactText(error.message), stack: redactText(error.stack ?? '') }
}

function redactText(text: string): string {
  let safe = text.length > maxText ? `${text.slice(0, maxText)}…` : text
  for (const [shape, replacement] of secretShapes) safe = safe.replace(shape, replacement)
  return safe
}
