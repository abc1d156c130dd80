import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** SHA-256 in base64url. For values of high entropy only (generated secrets, tokens): it is neither slow nor salted. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('base64url')
}

/** A new secret: 32 random bytes in base64url, 43 characters. */
export function generateSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Whether `presented` hashes to `hash` (see {@link hashSecret}), in constant time. */
export function matchesHash(presented: string, hash: string): boolean {
  const a = createHash('sha256').update(presented, 'utf8').digest()
  const b = Buffer.from(hash, 'base64url')
  return b.length === a.length && timingSafeEqual(a, b)
}
