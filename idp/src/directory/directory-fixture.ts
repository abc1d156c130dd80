import assert from 'node:assert/strict'
import type { EventInput } from '@postern/core'
import { createTestClock, type TestClock } from '@postern/core/testing'
import { createLogger, createSealer, type FieldError, openStore, type ProblemCode, type Store } from '@postern/server'
import { type IdpDatabase, idpMigrations } from '../schema.ts'
import { createDirectory, type DirectoryOptions } from './directory.ts'
import { DirectoryError, type DirectoryErrorKind } from './directory-error.ts'
import type { Change, Directory } from './types.ts'

/** A directory over a real database, for tests. */
export interface TestDirectory {
  readonly directory: Directory
  readonly store: Store<IdpDatabase>
  readonly clock: TestClock
  readonly events: EventInput[]
  readonly changes: Change[]
  readonly errors: unknown[]
  /** Every row of the domain. */
  snapshot(): Promise<unknown>
  close(): Promise<void>
}

/** Makes an empty directory for one test. */
export type OpenDirectory = () => Promise<TestDirectory>

const tables = [
  'pool',
  'client',
  'client_secret',
  'resource',
  'signing_key',
  'user_account',
  'user_name',
  'user_group',
  'group_member',
  'user_code',
  'outbox',
  'attempt',
] as const
const encryptionKey = new Uint8Array(32).fill(7)

/** @param url as for POSTERN_DATABASE_URL */
export function openTestStore(url: string): Promise<Store<IdpDatabase>> {
  const log = createLogger({ name: 'test', level: 'silent' })
  return openStore<IdpDatabase>({ url, migrations: idpMigrations, log, name: 'idp' })
}

/** An empty directory over the store, which stays open when the directory is closed. */
export async function createTestDirectory(
  store: Store<IdpDatabase>,
  options: Partial<Pick<DirectoryOptions, 'mode' | 'passwords'>> = {},
): Promise<TestDirectory> {
  await store.db.deleteFrom('pool').execute()
  const clock = createTestClock()
  const events: EventInput[] = []
  const changes: Change[] = []
  const errors: unknown[] = []
  const directory = createDirectory({
    store,
    clock,
    sealer: createSealer(encryptionKey),
    mode: 'development',
    ...options,
    onEvent: (event) => void events.push(event),
    onError: (error) => void errors.push(error),
  })
  directory.subscribe((change) => void changes.push(change))
  return {
    directory,
    store,
    clock,
    events,
    changes,
    errors,
    async snapshot() {
      const rows = tables.map((table) => store.db.selectFrom(table).selectAll().execute())
      return (await Promise.all(rows)).map((table) => table.map((row) => JSON.stringify(row)).sort())
    },
    close: () => directory.close(),
  }
}

export interface ExpectedRefusal {
  readonly kind: DirectoryErrorKind
  readonly code: ProblemCode
  readonly field?: string
  readonly fieldCode?: FieldError['code']
  readonly says?: RegExp
}

/** The work is refused so, and no row, event or notice comes of it. */
export async function assertRefused(
  test: TestDirectory,
  work: () => Promise<unknown>,
  expected: ExpectedRefusal,
): Promise<void> {
  const before = await test.snapshot()
  const { events, changes } = test
  const heard = [events.length, changes.length]
  const error = await work().then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof DirectoryError)) throw error
  assert.deepEqual([error.kind, error.code], [expected.kind, expected.code], error.message)
  const fault = error.errors[0]
  if (expected.field !== undefined) assert.equal(fault?.field, expected.field)
  if (expected.fieldCode !== undefined) assert.equal(fault?.code, expected.fieldCode)
  if (expected.says !== undefined) assert.match(fault?.message ?? error.message, expected.says)
  assert.deepEqual(await test.snapshot(), before)
  assert.deepEqual([events.length, changes.length], heard)
}
