import { constantTimeEqual } from '@postern/core'
import { hashSecret } from '@postern/server'
import type { HotClient, HotSecret } from '../directory/types.ts'
import { limits } from '../limits.ts'

// What a missing secret is compared with: nothing hashes to it.
const nothing: HotSecret = { id: '', hash: '-', expiresAt: null }

/**
 * The live secret of the client that the presented one is; undefined when it is none. As many comparisons are made
 * whether the client has one secret, two or none, or does not exist, and each takes constant time.
 *
 * @param now epoch milliseconds
 */
export function matchSecret(client: HotClient | undefined, presented: string, now: number): HotSecret | undefined {
  const hash = hashSecret(presented)
  const secrets = client?.secrets ?? []
  let match: HotSecret | undefined
  for (let index = 0; index < Math.max(limits.liveSecrets, secrets.length); index += 1) {
    const secret = secrets[index] ?? nothing
    const isLive = secret.expiresAt === null || now < secret.expiresAt
    if (constantTimeEqual(hash, secret.hash) && isLive) match = secret
  }
  return match
}
