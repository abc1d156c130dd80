import type { Clock } from '@postern/core'

/** Remembers signatures for as long as they could be sent again. */
export interface UsedSignatures {
  /** Notes a signature until a time (epoch milliseconds). */
  use(signature: string, until: number): 'new' | 'used' | 'full'
}

/**
 * Nothing is forgotten before its time, or a replay would pass: at the bound, new signatures are turned away. Only who
 * has a key gets that far, for signatures are noted when they are found right.
 */
export function createUsedSignatures({ max, clock }: { readonly max: number; readonly clock: Clock }): UsedSignatures {
  const until = new Map<string, number>()
  const tidy = (now: number): void => {
    for (const [signature, end] of until) if (end < now) until.delete(signature)
  }
  return {
    use(signature, end) {
      const now = clock.now()
      if ((until.get(signature) ?? Number.NEGATIVE_INFINITY) >= now) return 'used'
      if (until.size >= max) tidy(now)
      if (until.size >= max) return 'full'
      until.set(signature, end)
      return 'new'
    },
  }
}
