import type { Directory, HotClient, HotPool } from '../directory/types.ts'

/** Finds a client that is no row of the directory: one that is known by the document at its client id. */
export type FindByDocument = (pool: HotPool, clientId: string) => Promise<HotClient | undefined>

/** The one way to a client: a row (registered, or made by dynamic registration), else a metadata document. */
export type ResolveClient = (pool: HotPool, clientId: string) => Promise<HotClient | undefined>

/** Nothing is kept here: `createClients` does that. */
export function createResolveClient(directory: Directory, findByDocument: FindByDocument): ResolveClient {
  return async (pool, clientId) =>
    (await directory.findClient(pool.id, clientId)) ?? (await findByDocument(pool, clientId))
}
