import type { Clock, EventSink } from '@postern/core'
import Provider from 'oidc-provider'
import type { HotClient, HotPool } from '../../directory/types.ts'
import { exchangeOf } from '../exchange.ts'
import { Refusal } from '../refusal.ts'
import type { FindByDocument } from '../resolve-client.ts'
import { documentUrlProblem, looksLikeDocumentUrl } from './document-url.ts'
import { type ClientDocument, createClientDocuments } from './documents.ts'
import { offerOf } from './offer.ts'
import { readRequestedClient } from './requested-client.ts'

export interface FindByDocumentOptions {
  readonly clock: Clock
  readonly record: EventSink
  /** Documents may lie on this machine, and be fetched over http there: for development. */
  readonly allowLoopbackClientDocuments?: boolean | undefined
  /** Used instead of connections of our own. */
  readonly fetch?: typeof fetch | undefined
}

/**
 * Makes the look-up of clients by the metadata document at their client id
 * (draft-ietf-oauth-client-id-metadata-document). Undefined where the client id is no such URL, or the pool takes none.
 *
 * It throws Refusal `invalid_client`, whose text says what is wrong with the URL or the document.
 */
export function createFindByDocument(options: FindByDocumentOptions): FindByDocument {
  const { clock, record, fetch, allowLoopbackClientDocuments: allowLoopback = false } = options
  if (allowLoopback) record({ kind: 'admin.changed', outcome: 'ok', reason: 'setting_loosened' })
  const documents = createClientDocuments({ clock, allowLoopback, fetch, address: callerAddress })
  return async (pool, clientId) => {
    if (!pool.clientIdMetadataDocumentsEnabled || !looksLikeDocumentUrl(clientId)) return undefined
    const problem = documentUrlProblem(clientId, allowLoopback)
    if (problem !== undefined) throw refusal(`client_id cannot be the URL of a metadata document: ${problem}`)
    return documentClient(pool, clientId, await refusingAsClient(() => documents.get(clientId)))
  }
}

/** Who sent the request that oidc-provider is answering. */
function callerAddress(): string | undefined {
  const req = Provider.ctx?.req
  return req && exchangeOf(req).address
}

/** The client that a document describes: it may ask for whatever the pool has, and a person decides. */
async function documentClient(
  pool: HotPool,
  clientId: string,
  { metadata, fetchedAt }: ClientDocument,
): Promise<HotClient> {
  const { scopes: _named, ...requested } = await refusingAsClient(() => readRequestedClient(metadata, offerOf(pool)))
  return {
    ...requested,
    poolId: pool.id,
    clientId,
    jwks: requested.jwks ?? null,
    jwksUri: requested.jwksUri ?? null,
    logoUri: requested.logoUri ?? null,
    clientUri: requested.clientUri ?? null,
    scopes: null,
    resources: null,
    defaultResource: null,
    accessTokenTtl: null,
    refreshTokenTtl: null,
    skipConsentEnabled: false,
    unattendedUser: null,
    registration: 'metadata_document',
    expiresAt: null,
    // It was always there: what a person consented to is not forgotten because the document was fetched again.
    createdAt: 0,
    updatedAt: fetchedAt,
    secrets: [],
  }
}

/** Whatever is wrong with the document, to who asks for a token it is a client that is not known. */
async function refusingAsClient<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'invalid_client') throw error
    throw refusal(`the metadata document at client_id is refused: ${error.description}`)
  }
}

function refusal(description: string): Refusal {
  return new Refusal('client_document_invalid', 'invalid_client', description, 400)
}
