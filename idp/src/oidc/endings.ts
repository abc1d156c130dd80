import { type Clock, sha256Base64url } from '@postern/core'
import type { Logger, Store } from '@postern/server'
import { noteGrantEnded } from '../directory/revocations/endings.ts'
import type { Directory } from '../directory/types.ts'
import type { IdpDatabase } from '../schema.ts'

/**
 * Ends a grant: it, the codes and refresh tokens that came of it, and for resource servers its access tokens.
 *
 * @param grant hash of its id, as the rows have it
 */
export async function endGrant(
  { store, clock }: { readonly store: Pick<Store<IdpDatabase>, 'db'>; readonly clock: Clock },
  poolId: string,
  grant: string,
): Promise<void> {
  await store.db.transaction().execute(async (db) => {
    await noteGrantEnded({ db, now: clock.now() }, poolId, grant)
    await db
      .deleteFrom('oidc_model')
      .where('pool_id', '=', poolId)
      .where((eb) => eb.or([eb('grant_id', '=', grant), eb.and([eb('model', '=', 'Grant'), eb('id', '=', grant)])]))
      .execute()
  })
}

/** Ends everything that people have here: sessions, grants, codes, refresh tokens, and what waits for them. */
export async function endAccounts(
  store: Pick<Store<IdpDatabase>, 'db'>,
  poolId: string,
  userIds: readonly string[],
): Promise<void> {
  const accounts = await Promise.all(userIds.map(async (id) => await sha256Base64url(id)))
  if (accounts.length === 0) return
  await store.db.deleteFrom('oidc_model').where('pool_id', '=', poolId).where('account', 'in', accounts).execute()
}

export interface EndingsOptions {
  readonly store: Pick<Store<IdpDatabase>, 'db'>
  readonly directory: Pick<Directory, 'subscribe'>
  readonly log: Logger
}

/**
 * Ends what people have here when the directory says so: they were disabled or deleted, or their password changed. (Who
 * is disabled or deleted is refused before that already, for nobody is found any more.) Returns the way to stop, which
 * waits for what is under way.
 */
export function startEndings({ store, directory, log }: EndingsOptions): () => Promise<void> {
  const running = new Set<Promise<void>>()
  const unsubscribe = directory.subscribe(({ poolId, users = [] }) => {
    const ending: Promise<void> = endAccounts(store, poolId, users)
      .catch((error: unknown) => log.error({ err: error, poolId }, 'sessions of users could not be ended'))
      .finally(() => running.delete(ending))
    running.add(ending)
  })
  return async () => {
    unsubscribe()
    await Promise.all(running)
  }
}
