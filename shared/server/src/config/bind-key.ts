import type { Sealer } from '../seal.ts'
import { StartError } from '../start-error.ts'
import type { StoreBase } from '../store/store.ts'

const name = 'encryption_key'

/**
 * Makes sure that a database is opened with the encryption key that it was begun with, before anything is sealed anew.
 *
 * @throws StartError `encryption_key`
 */
export async function bindKey(store: StoreBase, sealer: Sealer): Promise<void> {
  const value = sealer.seal(name, name)
  await store.own
    .insertInto('postern_meta')
    .values({ name, value })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const row = await store.own
    .selectFrom('postern_meta')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  try {
    sealer.open(row.value, name)
  } catch (error) {
    throw new StartError(
      'encryption_key',
      'the database was sealed with another encryption key; put back the POSTERN_ENCRYPTION_KEY, or the encryption-key ' +
        'file of the data folder, that it was begun with',
      { cause: error },
    )
  }
}
