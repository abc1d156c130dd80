import { type Cache, type Clock, createCache } from '@postern/core'
import Provider, { type ClientMetadata } from 'oidc-provider'
import type { Directory, HotClient } from '../directory/types.ts'
import { limits } from '../limits.ts'
import { clientMetadata } from './client-metadata.ts'
import { matchSecret } from './client-secret.ts'
import type { Clients } from './clients.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import { asLibraryError } from './library-errors.ts'
import { matchesRedirect } from './registration/redirect-match.ts'

/** A client as oidc-provider knows it. */
export type LibraryClient = InstanceType<Provider['Client']>

export interface LibraryClientsOptions {
  readonly clients: Clients
  readonly directory: Directory
  readonly clock: Clock
}

export interface LibraryClients {
  /** What the library's adapter answers for a client. */
  metadata(clientId: string): Promise<ClientMetadata | undefined>
  /** Our record of a client of the library. */
  recordOf(client: LibraryClient): HotClient
  /** Puts our look-up and our comparison of secrets in the place of the library's. */
  install(provider: Provider): void
}

interface Built {
  readonly fingerprint: string
  readonly client: LibraryClient
}

/** Lets one instance of oidc-provider use the directory's clients. */
export function createLibraryClients({ clients, directory, clock }: LibraryClientsOptions): LibraryClients {
  const records = new WeakMap<LibraryClient, HotClient>()
  // A client object holds the keys fetched from its jwks_uri, so the same one serves until its metadata change.
  const built: Cache<Built> = createCache({ max: limits.libraryClients, clock })

  return {
    metadata: async (clientId) => {
      const { opened } = current()
      const record = await clients.find(opened, clientId)
      return record && clientMetadata(opened.pool, record)
    },
    recordOf,
    install(provider) {
      const build = provider.Client.find.bind(provider.Client)
      provider.Client.find = (clientId) => find(clientId, build)
      provider.Client.prototype.compareClientSecret = function compare(this: LibraryClient, presented) {
        return compareSecret(recordOf(this), presented)
      }
      provider.Client.prototype.redirectUriAllowed = function isAllowed(this: LibraryClient, uri) {
        return matchesRedirect(recordOf(this).redirectUris, uri)
      }
      provider.Client.prototype.postLogoutRedirectUriAllowed = function isAllowed(this: LibraryClient, uri) {
        return matchesRedirect(recordOf(this).postLogoutRedirectUris, uri)
      }
    },
  }

  function recordOf(client: LibraryClient): HotClient {
    const record = records.get(client)
    if (record === undefined) throw new Error('the client was not looked up in the directory')
    return record
  }

  async function find(clientId: string, build: (id: string) => Promise<LibraryClient | undefined>) {
    if (typeof clientId !== 'string' || clientId === '') return undefined
    const { opened } = current()
    const record = await clients.findOrRefuse(opened, clientId).catch((error: unknown) => {
      throw asLibraryError(error)
    })
    if (record === undefined) {
      // As much work as for a client whose secret is wrong.
      matchSecret(undefined, clientId, clock.now())
      return undefined
    }
    const fingerprint = JSON.stringify(clientMetadata(opened.pool, record))
    const known = built.get(clientId)
    const client = known?.fingerprint === fingerprint ? known.client : await build(clientId)
    if (client === undefined) return undefined
    built.set(clientId, { fingerprint, client }, Number.MAX_SAFE_INTEGER)
    records.set(client, record)
    return client
  }

  /** A mismatch is looked at again with what is stored now: another process may have made the secret just before. */
  async function compareSecret(record: HotClient, presented: string): Promise<boolean> {
    const { opened } = current()
    const now = clock.now()
    const match =
      matchSecret(record, presented, now) ?? matchSecret(await clients.reread(opened, record.clientId), presented, now)
    if (match !== undefined) directory.touchSecret(opened.pool.id, record.clientId, match.id)
    return match !== undefined
  }
}

function current(): Exchange {
  return exchangeOf(Provider.ctx?.req)
}
