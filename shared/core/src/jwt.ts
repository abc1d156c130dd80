import { decodeSegment, decodeSegmentText } from '#segment'
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

  const header = parseHeader(token.slice(0, first), options)
  if (typeof header === 'string') return { malformed: header }
  const payload = parsePart(token.slice(first + 1, second), options)
  if (typeof payload === 'string') return { malformed: payload }
  const signature = decodeSegment(token.slice(second + 1))
  if (signature === undefined) return { malformed: 'token_not_base64url' }
  return { header, payload, signingInput: token.slice(0, second), signature }
}

// All tokens that one key signs have one header, to the letter. What is kept is what parsing gave, and cannot be changed.
const headers = new Map<string, JsonObject>()
const keptHeaders = 64
const longestKept = 256

function parseHeader(text: string, options: JsonLimits): JsonObject | Reason {
  if (text.length > longestKept || options.maxDepth !== undefined || options.maxBytes !== undefined) {
    return parsePart(text, options)
  }
  const kept = headers.get(text)
  if (kept !== undefined) return kept
  const header = parsePart(text, options)
  if (typeof header === 'string' || Object.values(header).some((value) => typeof value === 'object')) return header
  if (headers.size >= keptHeaders) headers.clear()
  headers.set(text, Object.freeze(header))
  return header
}

function nameOfMoreParts(token: string): Reason {
  return token.split('.', 6).length === 5 ? 'encrypted_token' : 'malformed_token'
}

function parsePart(segment: string, options: JsonLimits): JsonObject | Reason {
  if (segment === '') return 'malformed_token'
  try {
    const text = decodeSegmentText(segment)
    if (text === undefined) return 'token_not_base64url'
    const value = parseJson(text, options)
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
