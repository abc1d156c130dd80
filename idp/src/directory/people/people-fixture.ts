import assert from 'node:assert/strict'
import type { Store } from '@postern/server'
import type { KyselyPlugin } from 'kysely'
import type { IdpDatabase } from '../../schema.ts'
import { createTestDirectory, type TestDirectory } from '../directory-fixture.ts'
import type { OutboxMessage, PoolInput } from '../types.ts'
import { createPasswords, type Passwords } from './passwords.ts'

/** Real hashes, made with as little work as Argon2 allows. */
export const cheap = { memory: 8, passes: 1, lanes: 1 }

/** What was hashed, in order: the work that a request took. */
export interface CountedPasswords extends Passwords {
  readonly work: ('hash' | 'verify')[]
}

export function countedPasswords(): CountedPasswords {
  const passwords = createPasswords(cheap)
  const work: ('hash' | 'verify')[] = []
  return {
    ...passwords,
    work,
    hash(password) {
      work.push('hash')
      return passwords.hash(password)
    },
    verify(password, phc) {
      work.push('verify')
      return passwords.verify(password, phc)
    },
  }
}

export const poolId = 'people'
export const good = 'Correct-horse-7'
export const other = 'Battery-staple-8'
export const home = '203.0.113.7'

export interface TestPeople extends TestDirectory {
  readonly passwords: CountedPasswords
  /** The kinds of the statements that ran, in order. */
  readonly statements: string[]
  /** The newest message. */
  mail(): Promise<OutboxMessage>
}

function noting(statements: string[]): KyselyPlugin {
  return {
    transformQuery({ node }) {
      statements.push(node.kind.replace('QueryNode', ''))
      return node
    },
    transformResult: async ({ result }) => result,
  }
}

/** A directory with one pool, whose people sign in by name or address. */
export async function createTestPeople(
  store: Store<IdpDatabase>,
  pool: Partial<PoolInput> = {},
  mode: 'development' | 'production' = 'development',
): Promise<TestPeople> {
  const passwords = countedPasswords()
  const statements: string[] = []
  const db = store.db.withPlugin(noting(statements))
  const test = { ...(await createTestDirectory({ ...store, db }, { passwords, mode })), store }
  await test.directory.pools.create({
    id: poolId,
    name: 'People',
    signInAttributes: ['preferred_username', 'email', 'phone_number'],
    selfSignUpEnabled: true,
    ...pool,
  })
  test.changes.length = 0
  test.events.length = 0
  return {
    ...test,
    passwords,
    statements,
    async mail() {
      const { items } = await test.directory.outbox.list({ limit: 1 })
      assert.ok(items[0], 'no message')
      return items[0]
    },
  }
}
