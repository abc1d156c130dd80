import { type Clock, createCache, createSingleFlight } from '@postern/core'
import { limits } from '../../limits.ts'
import type { Refusal } from '../refusal.ts'
import { freshFor } from './document-lifetime.ts'
import {
  asRefusal,
  type FetchDocumentOptions,
  type FetchedDocument,
  fetchDocument,
  isOutage,
  unavailable,
} from './fetch-document.ts'
import type { Metadata } from './metadata-members.ts'
import { createRate } from './rate.ts'

export interface ClientDocument {
  readonly metadata: Metadata
  /** Epoch milliseconds. */
  readonly fetchedAt: number
}

export interface ClientDocumentsOptions extends FetchDocumentOptions {
  readonly clock: Clock
  /** Who is behind the request under way; what nobody is behind is not counted. */
  readonly address?: (() => string | undefined) | undefined
}

export interface ClientDocuments {
  /**
   * The document at a URL that was found to be good, from memory or fetched.
   *
   * @throws Refusal `invalid_client`: it cannot be had; or what `readDocument` throws
   */
  get(url: string): Promise<ClientDocument>
}

interface Kept {
  readonly document: ClientDocument
  /** Epoch milliseconds. */
  readonly freshUntil: number
}

/**
 * Keeps the metadata documents of clients as long as their headers let us (draft-ietf-oauth-client-id-metadata-document
 * §4.4). Fetching is what a stranger makes us do, so it is guarded: no address but public ones, no redirects, little
 * time, few bytes, one fetch for all who ask at once, a bound on those under way and on those that one address causes,
 * and a failure is not tried again for a while. A document that was good is used on while its host is down.
 */
export function createClientDocuments(options: ClientDocumentsOptions): ClientDocuments {
  const { clock, address = () => undefined } = options
  const documents = createCache<Kept>({ max: limits.clientDocuments, clock })
  const failures = createCache<Refusal>({ max: limits.clientDocuments, clock })
  const flight = createSingleFlight<ClientDocument>()
  const rate = createRate(clock, limits.clientDocumentFetchesPerMinute)
  let underWay = 0
  return { get }

  async function get(url: string): Promise<ClientDocument> {
    const kept = documents.get(url)
    if (kept !== undefined && clock.now() < kept.freshUntil) return kept.document
    const failure = failures.get(url)
    if (failure !== undefined) return staleOr(failure, kept)
    return await flight(url, () => renew(url, kept))
  }

  async function renew(url: string, kept: Kept | undefined): Promise<ClientDocument> {
    const from = address()
    const busy = underWay >= limits.clientDocumentFetches || (from !== undefined && rate.take('', from) !== undefined)
    if (busy) return staleOr(tooMany(), kept)
    underWay += 1
    try {
      return keep(url, await fetchDocument(url, options))
    } catch (error) {
      const failure = asRefusal(error)
      failures.set(url, failure, clock.now() + limits.clientDocumentRetryMs)
      // Taken back by its owner, or changed into something that is refused: then it is not used any longer.
      if (!isOutage(error)) documents.delete(url)
      return staleOr(failure, isOutage(error) ? kept : undefined)
    } finally {
      underWay -= 1
    }
  }

  function keep(url: string, { metadata, headers }: FetchedDocument): ClientDocument {
    const document = { metadata, fetchedAt: clock.now() }
    const freshUntil = document.fetchedAt + freshFor(headers, document.fetchedAt)
    documents.set(url, { document, freshUntil }, freshUntil + limits.clientDocumentStaleMs)
    failures.delete(url)
    return document
  }
}

function staleOr(failure: Refusal, kept: Kept | undefined): ClientDocument {
  if (kept === undefined) throw failure
  return kept.document
}

function tooMany(): Refusal {
  return unavailable('too many metadata documents of clients are being fetched; try again in a minute')
}
