import { randomFillSync } from 'node:crypto'

const idBytes = 32
const idsAtOnce = 128

const pool = Buffer.alloc(idBytes * idsAtOnce)
let used = pool.length

/**
 * A new token id: 256 random bits, 43 characters of base64url. The random bytes are drawn for many ids at once, for a
 * call to the system takes longer than all the rest of it.
 */
export function newJti(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const start = used
  used += idBytes
  return pool.toString('base64url', start, used)
}
