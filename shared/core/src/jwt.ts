import { decodeBase64url, decodeBase64urlInto, decodedLength } from './base64url.ts'
import { type JsonLimits, JsonProblem, parseJson } from './json.ts'
import { limits } from './limits.ts'
import type { Reason } from './reasons.ts'

export type JsonObject = Record<string, unknown>

/** A compact JWS, taken apart. Nothing of it is verified yet. */
export interface ParsedJws {
  readonly header: JsonObject
  readonly payload: JsonObject
  /** What the signature is over: the first two parts and the dot between, as they came. */
  readonly signingInput: string
  readonly signature: Uint8Array<ArrayBuffer>
  readonly malformed?: undefined
}

export interface MalformedJws {
  readonly malformed: Reason
}

export interface JwsLimits extends JsonLimits {
  /** Longest token in characters. Default 16 KiB. */
  readonly maxLength?: number
}

/**
 * Takes a compact JWS (RFC 7515 §3.1) apart: three parts of canonical base64url, of which the first two are strict JSON
 * objects (see `parseJson`) and the third is not empty. Only the shape is checked; what the header and the claims say
 * is not.
 */
export function parseJws(token: string, options: JwsLimits = {}): ParsedJws | MalformedJws {
  if (token.length > (options.maxLength ?? limits.tokenLength)) return { malformed: 'token_too_large' }
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first < 0 || second < 0) return { malformed: 'malformed_token' }
  if (token.indexOf('.', second + 1) >= 0) return { malformed: nameOfMoreParts(token) }
  if (second + 1 === token.length) return { malformed: 'signature_missing' }

  const header = parseHeader(token, first, options)
  if (typeof header === 'string') return { malformed: header }
  const payload = parsePart(token, first + 1, second, options)
  if (typeof payload === 'string') return { malformed: payload }
  const signature = decodeBase64url(token.slice(second + 1))
  if (signature === undefined) return { malformed: 'token_not_base64url' }
  return { header, payload, signingInput: token.slice(0, second), signature }
}

// All tokens that one key signs have one header, to the letter. What is kept is what parsing gave, and cannot be changed.
const headers = new Map<string, JsonObject>()
const keptHeaders = 64
const longestKept = 256

function parseHeader(token: string, end: number, options: JsonLimits): JsonObject | Reason {
  if (end > longestKept || options.maxDepth !== undefined || options.maxBytes !== undefined) {
    return parsePart(token, 0, end, options)
  }
  const text = token.slice(0, end)
  const kept = headers.get(text)
  if (kept !== undefined) return kept
  const header = parsePart(token, 0, end, options)
  if (typeof header === 'string' || Object.values(header).some((value) => typeof value === 'object')) return header
  if (headers.size >= keptHeaders) headers.clear()
  headers.set(text, Object.freeze(header))
  return header
}

function nameOfMoreParts(token: string): Reason {
  return token.split('.', 6).length === 5 ? 'encrypted_token' : 'malformed_token'
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Decoding is synchronous, so all share one buffer; allocating one would cost as much as decoding into it.
const scratch = new Uint8Array(decodedLength(limits.tokenLength))

function parsePart(token: string, start: number, end: number, options: JsonLimits): JsonObject | Reason {
  if (start === end) return 'malformed_token'
  const size = decodedLength(end - start)
  const target = size > scratch.length ? new Uint8Array(size) : scratch
  const length = decodeBase64urlInto(target, token, start, end)
  if (length < 0) return 'token_not_base64url'
  try {
    const value = parseJson(utf8.decode(target.subarray(0, length)), options)
    return isObject(value) ? value : 'token_not_an_object'
  } catch (error) {
    return error instanceof JsonProblem && error.code === 'duplicate_member'
      ? 'token_duplicate_member'
      : 'token_not_json'
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
