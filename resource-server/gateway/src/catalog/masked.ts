import { type FieldError, formatPath } from '@postern/server'
import { limits } from '../limits.ts'
import type { Backend } from './types.ts'

/** What is shown in place of a value that is kept secret; in a change it stands for the value that is stored. */
export const mask = '***'

/** The backend as it may be shown: values of env and headers, and client secrets, are masked. */
export function maskBackend(backend: Backend): Backend {
  return withSecrets(backend, () => mask)
}

/**
 * Puts stored values where the mask stands.
 *
 * @returns the backend, and a fault for each mask that stands for nothing
 */
export function unmaskBackend(asked: Backend, stored: Backend | undefined): { backend: Backend; faults: FieldError[] } {
  const known = new Map(stored?.type === asked.type ? secretsOf(stored) : [])
  const faults: FieldError[] = []
  const backend = withSecrets(asked, (place, value) => {
    if (value !== mask) return value
    const kept = known.get(keyOf(place))
    if (kept !== undefined) return kept
    const field = formatPath(['backend', ...place])
    const message = `"${mask}" stands for a stored value, and there is none; write the value`
    faults.push({ field, code: 'invalid', message })
    return value
  })
  return { backend, faults }
}

/** A failure's message as it may be stored and shown: one line, bounded, without any secret of the backend. */
export function scrub(message: string, backend: Backend): string {
  const values = secretsOf(backend).flatMap(([, value]) => (value.length >= limits.scrubbedValue ? [value] : []))
  let text = message
  for (const value of values.sort((a, b) => b.length - a.length)) text = text.replaceAll(value, mask)
  text = text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
  return text.length > limits.statusReason ? `${text.slice(0, limits.statusReason - 1)}…` : text
}

type Change = (place: readonly string[], value: string) => string

function keyOf(place: readonly string[]): string {
  return JSON.stringify(place)
}

/** Each secret by its place. */
function secretsOf(backend: Backend): [place: string, value: string][] {
  const secrets: [string, string][] = []
  withSecrets(backend, (place, value) => {
    secrets.push([keyOf(place), value])
    return value
  })
  return secrets
}

function withSecrets(backend: Backend, change: Change): Backend {
  if (backend.type === 'stdio') {
    return backend.env === undefined ? backend : { ...backend, env: mapValues('env', backend.env, change) }
  }
  if (backend.type !== 'http' && backend.type !== 'openapi') return backend
  const { headers, oauth } = backend
  return {
    ...backend,
    ...(headers === undefined ? {} : { headers: mapValues('headers', headers, change) }),
    ...(oauth === undefined
      ? {}
      : { oauth: { ...oauth, clientSecret: change(['oauth', 'clientSecret'], oauth.clientSecret) } }),
  }
}

function mapValues(field: string, record: Readonly<Record<string, string>>, change: Change) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change([field, name], value)]))
}
