import { type MaybePromise, whenReady } from '@postern/core'
import { limits } from '../limits.ts'
import { Refusal } from '../refusal.ts'
import type { InboundRequest, RequestBody } from '../request.ts'

const bodiless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

/**
 * The JSON-RPC messages of a request, each as it came. None where the body is JSON by its type but not in fact, which the
 * transport answers itself. Whatever else cannot be read as the transport may read it throws `Refusal`: a gate that has
 * not seen what passes does not open.
 */
export function readMessages(request: InboundRequest): MaybePromise<readonly unknown[]> {
  if (bodiless.has(request.method) && !mayHaveBody(request)) return []
  const body = request.body?.(limits.operationBodyBytes) ?? 'gone'
  return whenReady(body, (read) => messagesOf(request, read))
}

/**
 * There are handlers that act on a body whatever the method. HTTP/1.1 announces each (RFC 9112 §6), HTTP/2 need not; that of
 * a `Request` of fetch is seen at once to be missing.
 */
function mayHaveBody(request: InboundRequest): boolean {
  if (request.rawHeaders === undefined || request.header(':method') !== undefined) return true
  const length = request.header('content-length')
  return (length !== undefined && Number(length) !== 0) || request.header('transfer-encoding') !== undefined
}

function messagesOf(request: InboundRequest, body: RequestBody): readonly unknown[] {
  if (body === 'gone') throw new Refusal('internal')
  if (body === 'cut_off') throw new Refusal('body_unreadable')
  if (body === 'too_long') throw new Refusal('body_too_large')
  const { bytes, parsed } = body
  const messages = bytes === undefined || bytes.byteLength === 0 ? [] : listOf(parseBytes(request, bytes))
  return [...messages, ...listOf(parseParsed(request, parsed))]
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

/** What a body parser left: a value, or with a parser for text or bytes something that is yet to be parsed. */
function parseParsed(request: InboundRequest, parsed: unknown): unknown {
  if (typeof parsed === 'string') return parseText(request, parsed)
  return parsed instanceof Uint8Array ? parseBytes(request, parsed) : parsed
}

function parseBytes(request: InboundRequest, bytes: Uint8Array): unknown {
  // A body parser behind the guard may undo these, and would then see something else than the guard has.
  if (!isPlain(request)) throw new Refusal('body_unreadable')
  return parseText(request, new TextDecoder().decode(bytes))
}

function parseText(request: InboundRequest, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    if (isJson(request)) return undefined
    throw new Refusal('body_unreadable')
  }
}

function isJson(request: InboundRequest): boolean {
  return /^\s*application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(request.header('content-type') ?? '')
}

/** Is the body what it seems: UTF-8, and neither compressed nor encoded otherwise? */
function isPlain(request: InboundRequest): boolean {
  const encoding = (request.header('content-encoding') ?? '').trim().toLowerCase()
  if (encoding !== '' && encoding !== 'identity') return false
  const charsets = (request.header('content-type') ?? '').matchAll(/charset\s*=\s*["']?([^\s;,"']*)/gi)
  return [...charsets].every(([, charset]) => /^(?:utf-?8|us-ascii)$/i.test(charset ?? ''))
}
