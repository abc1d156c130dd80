import type { Clock } from '@postern/core'

/** Grants one fetch out of turn per `cooldownMs`, the first at once: what an attacker can cause is bounded, and a key that was just rotated is found at its first token. */
export function createRefetchBucket(cooldownMs: number, clock: Clock): () => boolean {
  let last = Number.NEGATIVE_INFINITY
  return () => {
    const now = clock.now()
    // A clock that was set back must not close the bucket for as long.
    if (now >= last && now - last < cooldownMs) return false
    last = now
    return true
  }
}
