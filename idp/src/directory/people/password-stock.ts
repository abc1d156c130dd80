import type { Passwords } from './passwords.ts'

/** Says that passwords have to be hashed. The transaction is rolled back, the stock filled, the work run again. */
export class HashesWanted extends Error {
  override readonly name = 'HashesWanted'
}

/** Hashes for one run of a transaction: made inside it, they would hold SQLite's only connection all the while. */
export interface PasswordStock {
  /** The hash of this password, each time another one; where it is not made yet, one that fits nothing stands in. */
  take(password: string): string
  /** To be called before the commit. @throws HashesWanted where something stands in */
  settle(): void
  /** Makes what was wanting, all at once, and lets `take` begin again. */
  fill(): Promise<void>
}

interface Entry {
  readonly password: string
  readonly hash: string
}

export function createPasswordStock(passwords: Passwords): PasswordStock {
  const made: Entry[] = []
  let left: Entry[] = []
  let wanted: string[] = []
  return {
    take(password) {
      const index = left.findIndex((entry) => entry.password === password)
      const [entry] = index < 0 ? [] : left.splice(index, 1)
      if (entry !== undefined) return entry.hash
      wanted.push(password)
      return passwords.nobody()
    },
    settle() {
      if (wanted.length > 0) throw new HashesWanted('passwords are to be hashed')
    },
    async fill() {
      const entries = wanted.map(async (password) => ({ password, hash: await passwords.hash(password) }))
      made.push(...(await Promise.all(entries)))
      left = [...made]
      wanted = []
    },
  }
}
