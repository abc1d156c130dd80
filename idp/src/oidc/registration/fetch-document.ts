import { FetchProblem, guardedFetch, isLoopbackHost, parseJson } from '@postern/core'
import { limits } from '../../limits.ts'
import { Refusal } from '../refusal.ts'
import { readDocument } from './document.ts'
import type { Metadata } from './metadata-members.ts'

export interface FetchDocumentOptions {
  /** Documents on this machine may be fetched, over http as well. */
  readonly allowLoopback: boolean
  /** Used instead of a connection of our own. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** For the whole exchange, in milliseconds. */
  readonly timeoutMs?: number | undefined
}

export interface FetchedDocument {
  readonly metadata: Metadata
  readonly headers: Headers
}

/**
 * Fetches the metadata document at a URL that was found to be good.
 *
 * @throws FetchProblem, or what `readDocument` throws
 */
export async function fetchDocument(url: string, options: FetchDocumentOptions): Promise<FetchedDocument> {
  const { status, headers, text } = await guardedFetch(url, {
    network: options.allowLoopback && isLoopbackHost(new URL(url).hostname) ? 'any' : 'public-only',
    timeoutMs: options.timeoutMs ?? limits.clientDocumentTimeoutMs,
    maxBytes: limits.clientDocumentBytes,
    headers: { accept: 'application/json' },
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  })
  if (status !== 200) throw new FetchProblem('status', 'another status than 200', status)
  if (!isJson(headers.get('content-type'))) throw new FetchProblem('not_json', 'another type than JSON', status)
  return { metadata: readDocument(url, parsed(text)), headers }
}

/** application/json, or a type that is built on it: the draft has every other count as a failure. */
function isJson(contentType: string | null): boolean {
  return /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json\s*(?:;|$)/i.test(contentType ?? '')
}

function parsed(text: string): unknown {
  try {
    return parseJson(text, { maxBytes: limits.clientDocumentBytes })
  } catch (cause) {
    throw new FetchProblem('not_json', cause instanceof Error ? cause.message : '')
  }
}

/** Its host cannot be reached or is in trouble, which says nothing about the document. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof FetchProblem)) return false
  if (error.code === 'status') return error.status === 429 || (error.status ?? 0) >= 500
  return error.code === 'network' || error.code === 'timeout' || error.code === 'aborted'
}

export function unavailable(description: string): Refusal {
  return new Refusal('client_document_unavailable', 'invalid_client', description, 400)
}

/** What the caller is told; anything that is no answer of the host goes on as it is. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (!(error instanceof FetchProblem)) throw error
  return unavailable(`the metadata document at client_id cannot be used: ${whatIsWrong(error)}`)
}

/** Fixed texts: of the answer, nothing but its status is told to who asked. */
function whatIsWrong({ code, status }: FetchProblem): string {
  switch (code) {
    case 'blocked':
      return 'its host is not on the public internet'
    case 'redirect':
      return 'it answers with a redirect, which is not followed; make client_id the URL that it leads to'
    case 'too_large':
      return `it is larger than ${limits.clientDocumentBytes} bytes`
    case 'timeout':
      return 'it was not answered in time'
    case 'status':
      return `it is answered with status ${status ?? 0} instead of 200`
    case 'not_json':
      return 'it is not JSON of type application/json'
    default:
      return 'its host cannot be reached from here; where there is no internet, set clientIdMetadataDocumentsEnabled of the pool to false, and clients register themselves'
  }
}
