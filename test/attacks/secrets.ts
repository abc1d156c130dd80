import type { Attack } from './hosts.ts'

/** What a request gives away about whoever sends it: nothing of it may come back, be recorded or be written anywhere. */
export interface Secrets {
  /** The credentials, whole and in their parts, wherever in the request they stand. */
  readonly credentials: readonly string[]
  /** What the tokens among them say. */
  readonly claims: readonly string[]
}

/** Headers that say how to answer; the rest may carry a credential, whatever their names are. */
const plain =
  /^(?:accept|access-control-request-\w+|connection|content-type|content-encoding|content-length|host|if-none-match|mcp-protocol-version|origin|user-agent|transfer-encoding)$/

/** A shorter text may be anybody's. */
const shortestCredential = 12
const shortestClaim = 5

export function secretsOf({ path = '', headers = {}, body = '' }: Attack): Secrets {
  const texts = [
    ...Object.entries(headers).flatMap(([name, value]) => (plain.test(name.toLowerCase()) ? [] : [value].flat())),
    path.slice(path.indexOf('?') + 1 || path.length),
    body,
  ]
  const credentials = texts.flatMap(wordsOf).filter(({ length }) => length > shortestCredential)
  const claims = credentials.flatMap((word) => statementsOf(word)).filter(({ length }) => length >= shortestClaim)
  return { credentials: [...new Set(credentials)], claims: [...new Set([...claims, usualSubject])] }
}

/** Whose tokens the fake issuer makes, opaque ones too. */
const usualSubject = 'user-1'

/** A text whole and in its parts, as it is and as it is meant: decoded from a URL or from Basic. */
function wordsOf(text: string): string[] {
  const meant = [text, decodeUrl(text), ...basicIn(text)]
  return meant.flatMap((form) => [form, ...form.split(/[\s.,;:&=<>()[\]{}"']+/)])
}

function decodeUrl(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function basicIn(text: string): string[] {
  return [...text.matchAll(/Basic ([\w+/=-]+)/gi)].map(([, value = '']) => Buffer.from(value, 'base64').toString())
}

/** The texts in a part of a token, at whatever depth; the key in the header of a proof too. */
function statementsOf(word: string): string[] {
  try {
    return textsIn(JSON.parse(Buffer.from(word, 'base64url').toString()))
  } catch {
    return []
  }
}

/** Algorithm and type of a token, and the method in a proof, are words of the standards. */
const words = new Set(['alg', 'typ', 'cty', 'kty', 'crv', 'use', 'htm'])

/** A challenge lists algorithms, also where what a token names so was spoilt on its way. */
const algorithm = /^(?:[A-Z]{2}\d{3}|Ed(?:DSA|25519))$/

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return algorithm.test(value) ? [] : [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => (words.has(name) ? [] : textsIn(member)))
}

/** The first of them that a text holds, as it is, or as it is in JSON or a URL. */
export function findSecret(text: string, secrets: readonly string[]): string | undefined {
  return secrets.find((secret) => formsOf(secret).some((form) => text.includes(form)))
}

function formsOf(secret: string): string[] {
  if (/^[\w.-]+$/.test(secret)) return [secret]
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]
}
