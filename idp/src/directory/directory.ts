import type { Clock, EventSink } from '@postern/core'
import type { Mode, Sealer, Store } from '@postern/server'
import type { IdpDatabase } from '../schema.ts'
import { readContents } from './contents.ts'
import { findClient, findPool, findRevision, openSigningKeys, readVerifyingKeys } from './hot-reads.ts'
import { createKeyRing } from './key-ring.ts'
import { noteLifetime } from './lifetimes.ts'
import { createAccounts } from './people/accounts.ts'
import { listOutbox } from './people/outbox.ts'
import { createPasswords, type Passwords } from './people/passwords.ts'
import { createRegistrations } from './registrations.ts'
import type { Bury } from './revocations/endings.ts'
import { createRooms } from './rooms.ts'
import { createSecretUses } from './secret-uses.ts'
import type { Change, Directory, HotReads, Origin, PoolContent, Rooms } from './types.ts'
import { createGuard, createWriter, type Read, type Unit } from './unit.ts'

export interface DirectoryOptions {
  readonly store: Pick<Store<IdpDatabase>, 'db'>
  readonly clock: Clock
  readonly sealer: Sealer
  /** What loosens is refused in production, and there is no outbox. */
  readonly mode: Mode
  /** Hashes passwords; Argon2id where absent. */
  readonly passwords?: Passwords
  readonly onEvent: EventSink
  /** What happens apart from any request and cannot be answered: a listener that throws, a batch that was not written. */
  readonly onError: (error: unknown) => void
  /** Makes the last statement of a pool that is deleted. Absent: resource servers learn of it by other means only. */
  readonly bury?: Bury | undefined
}

type Listener = (change: Change) => void

/** Every listener is told, though another one fails. */
function createChanges(onError: (error: unknown) => void) {
  const listeners = new Set<Listener>()
  return {
    subscribe(listener: Listener): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    notify(change: Change): void {
      for (const listener of listeners) {
        try {
          listener(change)
        } catch (error) {
          onError(error)
        }
      }
    },
  }
}

/** The door of the domain: every face goes through it, so that each rule stands once. */
export function createDirectory(options: DirectoryOptions): Directory {
  const { clock, onError, onEvent, sealer, mode, passwords = createPasswords() } = options
  const { db } = options.store
  const ring = createKeyRing(sealer)
  const changes = createChanges(onError)
  const uses = createSecretUses({ db, clock, onError })
  const writer = createWriter({
    db,
    clock,
    onEvent,
    notify: changes.notify,
    bury: options.bury,
    passwords,
    mode,
  })
  const read: Read = (work) => work({ db, now: clock.now() })

  /** `lastUsedAt` is written late; who asks for it gets what is known. */
  function flushingUses(rooms: Rooms): Rooms {
    const list: Rooms['secrets']['list'] = async (poolId, clientId) => {
      await uses.flush()
      return await rooms.secrets.list(poolId, clientId)
    }
    return { ...rooms, secrets: { ...rooms.secrets, list } }
  }

  function from(origin: Origin): Rooms {
    return flushingUses(createRooms(read, writer(origin), ring))
  }

  async function change<T>(work: (rooms: Rooms) => Promise<T>, origin: Origin = {}): Promise<T> {
    return await writer(origin)(async (unit: Unit) => {
      const guard = createGuard(unit)
      const result = await work(createRooms((reading) => reading(unit), guard.write, ring))
      guard.settle()
      return result
    })
  }

  async function contents(): Promise<readonly PoolContent[]> {
    // SQLite has this isolation anyway.
    const transaction = db.transaction().setIsolationLevel('repeatable read')
    return await transaction.execute((trx) => readContents({ db: trx, now: clock.now() }))
  }

  const hot: HotReads = {
    findPool: (poolId) => read((ground) => findPool(ground, poolId)),
    findClient: (poolId, clientId) => read((ground) => findClient(ground, poolId, clientId)),
    revision: (poolId) => read((ground) => findRevision(ground, poolId)),
    signingKeys: (poolId) => read((ground) => openSigningKeys(ground, ring, poolId)),
    verifyingKeys: (poolId) => read((ground) => readVerifyingKeys(ground, poolId)),
    touchSecret: uses.touch,
    noteLifetime: (poolId, lifetime) => read((ground) => noteLifetime(ground, poolId, lifetime)),
  }

  const accounts = createAccounts({ read, write: writer, passwords, sealer, mode, clock, onEvent, onError })
  const outbox: Directory['outbox'] = {
    list: (page, filter = {}) => read((ground) => listOutbox(ground, sealer, page, filter)),
  }

  return {
    ...from({}),
    ...hot,
    accounts,
    outbox,
    registrations: createRegistrations({ db, clock, writer, ring }),
    contents,
    from,
    change,
    subscribe: changes.subscribe,
    close: uses.close,
  }
}
