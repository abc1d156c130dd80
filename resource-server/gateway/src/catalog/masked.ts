import { type FieldError, formatPath } from '@postern/server'
import { limits } from '../limits.ts'
import type { Backend } from './types.ts'

/** What is shown in place of a value that is kept secret; in a change it stands for the value that is stored. */
export const mask = '***'

/** The backend as it may be shown: values of env and headers are masked. */
export function maskBackend(backend: Backend): Backend {
  return withSecrets(backend, () => mask)
}

/**
 * Puts stored values where the mask stands.
 *
 * @returns the backend, and a fault for each mask that stands for nothing
 */
export function unmaskBackend(asked: Backend, stored: Backend | undefined): { backend: Backend; faults: FieldError[] } {
  const known = stored?.type === asked.type ? secretsOf(stored) : {}
  const field = asked.type === 'stdio' ? 'env' : 'headers'
  const faults: FieldError[] = []
  const backend = withSecrets(asked, (name, value) => {
    if (value !== mask) return value
    const kept = Object.hasOwn(known, name) ? known[name] : undefined
    if (kept !== undefined) return kept
    const message = `"${mask}" stands for a stored value, and there is none; write the value`
    faults.push({ field: formatPath(['backend', field, name]), code: 'invalid', message })
    return value
  })
  return { backend, faults }
}

/** A failure's message as it may be stored and shown: one line, bounded, without any value of env or headers. */
export function scrub(message: string, backend: Backend): string {
  const values = Object.values(secretsOf(backend)).filter((value) => value.length >= limits.scrubbedValue)
  let text = message
  for (const value of values.sort((a, b) => b.length - a.length)) text = text.replaceAll(value, mask)
  text = text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
  return text.length > limits.statusReason ? `${text.slice(0, limits.statusReason - 1)}…` : text
}

function secretsOf(backend: Backend): Readonly<Record<string, string>> {
  if (backend.type === 'stdio') return backend.env ?? {}
  return backend.type === 'http' ? (backend.headers ?? {}) : {}
}

function withSecrets(backend: Backend, change: (name: string, value: string) => string): Backend {
  if (backend.type === 'stdio' && backend.env) return { ...backend, env: mapValues(backend.env, change) }
  if (backend.type === 'http' && backend.headers) return { ...backend, headers: mapValues(backend.headers, change) }
  return backend
}

function mapValues(record: Readonly<Record<string, string>>, change: (name: string, value: string) => string) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(name, value)]))
}
