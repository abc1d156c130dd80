import { createHash, createHmac } from 'node:crypto'
import { algorithm, type Scope } from './authorization.ts'

/** The parts of a request that its signature is over. */
export interface SignedParts {
  readonly method: string
  /** As it is in the request line. */
  readonly path: string
  /** Decoded names and values, as often as they occur. */
  readonly query: readonly (readonly [name: string, value: string])[]
  /** Lower-case names with their values, in the order of SignedHeaders. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** SHA-256 of the body, hexadecimal. */
  readonly bodyHash: string
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** What is hashed into the string to sign: method, path, query, headers, their names, hash of the body, a line each. */
export function canonicalRequest({ method, path, query, headers, bodyHash }: SignedParts): string {
  return [
    method,
    path,
    canonicalQuery(query),
    ...headers.map(([name, value]) => `${name}:${trimmed(value)}`),
    '',
    headers.map(([name]) => name).join(';'),
    bodyHash,
  ].join('\n')
}

/** Sorted by name, then value, all but unreserved characters (RFC 3986 §2.3) percent-encoded. */
export function canonicalQuery(query: SignedParts['query']): string {
  return query
    .map(([name, value]) => [name, escaped(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${escaped(name)}=${value}`)
    .join('&')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function trimmed(value: string): string {
  return value.replace(/\s+/g, ' ').trim()
}

export interface Signing {
  readonly secretAccessKey: string
  readonly scope: Scope
  /** `yyyymmddThhmmssZ` */
  readonly date: string
}

/** The signature of a request under a secret key: 64 hexadecimal digits. */
export function sign({ secretAccessKey, scope, date }: Signing, parts: SignedParts): string {
  const place = [scope.date, scope.region, scope.service, 'request']
  const text = [algorithm, date, place.join('/'), sha256Hex(canonicalRequest(parts))].join('\n')
  const key = place.reduce((above: string | Buffer, step) => hmac(above, step), secretAccessKey)
  return hmac(key, text).toString('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}
