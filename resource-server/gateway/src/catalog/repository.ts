import { isUniqueViolation, type Sealer, type ServerTables, type Store } from '@postern/server'
import type { Kysely } from 'kysely'
import type { GatewayTables } from '../schema.ts'
import { adopt, type Changes, createDraft, createState, type Draft, type State } from './draft.ts'
import { conflict } from './refusals.ts'
import { keyFromRow, keyToRow, serviceFromRow, serviceToRow } from './rows.ts'

/** When a key was used; `previous`: the hash of its value before the last rotation, where it was that one. */
export interface KeyUse {
  readonly serviceId: string
  readonly keyId: string
  readonly at: number
  readonly previous?: string
}

export type GatewayStore = Store<GatewayTables & ServerTables>
type Db = Kysely<GatewayTables & ServerTables>

/** The catalogue's state: read from memory, changed one draft after the other, each durable before it is seen. */
export interface Repository {
  readonly state: State
  /**
   * Runs the work on a draft, writes all that it changed in one transaction, then makes it visible. When the work or the
   * write throws, nothing was changed. Changes wait for one another.
   */
  change<T>(work: (draft: Draft) => T | Promise<T>): Promise<T>
  /** Notes the last use of keys: not a change of the catalogue, for nobody waits for it. */
  writeUses(uses: readonly KeyUse[]): Promise<void>
}

/** @param onChange told after each change is durable and visible */
export async function openRepository(
  store: GatewayStore,
  sealer: Sealer,
  onChange: (changes: Changes) => void,
): Promise<Repository> {
  const state = await load(store, sealer)
  let last: Promise<unknown> = Promise.resolve()
  return {
    state,
    change(work) {
      const turn = last.then(() => run(work))
      last = turn.catch(() => undefined)
      return turn
    },
    async writeUses(uses) {
      await store.db.transaction().execute(async (db) => {
        for (const { serviceId, keyId, at, previous } of uses) {
          const row = db.updateTable('api_key').set({ last_used_at: at })
          await row.where('service_id', '=', serviceId).where('id', '=', keyId).execute()
          if (previous === undefined) continue
          // Under its hash: another rotation may have come between.
          const old = db.updateTable('api_key').set({ previous_last_used_at: at })
          await old.where('service_id', '=', serviceId).where('previous_hash', '=', previous).execute()
        }
      })
    },
  }

  async function run<T>(work: (draft: Draft) => T | Promise<T>): Promise<T> {
    const draft = createDraft(state)
    const result = await work(draft)
    const { changes } = draft
    if (changes.services.size === 0 && changes.keys.size === 0) return result
    await write(changes)
    adopt(state, changes)
    onChange(changes)
    return result
  }

  async function write(changes: Changes): Promise<void> {
    try {
      await store.db.transaction().execute((db) => writeChanges(db, sealer, changes))
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      throw conflict('duplicate', '', 'another gateway on this database made the same just now; restart this one')
    }
  }
}

async function load(store: GatewayStore, sealer: Sealer): Promise<State> {
  const services = await store.db.selectFrom('service').selectAll().execute()
  const keys = await store.db.selectFrom('api_key').selectAll().execute()
  return createState(
    services.map((row) => serviceFromRow(sealer, row)),
    keys.map(keyFromRow),
  )
}

async function writeChanges(db: Db, sealer: Sealer, changes: Changes): Promise<void> {
  // Removals first: what is freed may be taken again in the same change.
  for (const [id, service] of changes.services) {
    if (!service) await db.deleteFrom('service').where('id', '=', id).execute()
  }
  for (const [id, service] of changes.services) {
    if (!service) continue
    const row = serviceToRow(sealer, service)
    const insert = db.insertInto('service').values(row)
    await insert.onConflict((on) => on.column('id').doUpdateSet({ ...row, id })).execute()
  }
  for (const [serviceId, keys] of changes.keys) await writeKeys(db, serviceId, keys)
}

async function writeKeys(
  db: Db,
  serviceId: string,
  keys: ReadonlyMap<string, ReturnType<typeof keyFromRow> | undefined>,
) {
  for (const [id, key] of keys) {
    if (!key) await db.deleteFrom('api_key').where('service_id', '=', serviceId).where('id', '=', id).execute()
  }
  for (const key of keys.values()) {
    if (!key) continue
    const row = keyToRow(key)
    const insert = db.insertInto('api_key').values(row)
    await insert.onConflict((on) => on.columns(['service_id', 'id']).doUpdateSet(row)).execute()
  }
}
