import type { Clock } from '@postern/core'
import { limits } from '../limits.ts'
import type { StoreBase } from '../store/store.ts'
import { sha256Hex } from './canonical.ts'

/** Remembers signatures for as long as they could be sent again. */
export interface UsedSignatures {
  /** Notes a signature until a time (epoch milliseconds). */
  use(signature: string, until: number): Promise<'new' | 'used' | 'full'>
}

export interface UsedSignaturesOptions {
  readonly store: Pick<StoreBase, 'own'>
  /** How many are remembered at once. */
  readonly max: number
  readonly clock: Clock
}

/**
 * They are noted in the database before anything is done, so that a replay is refused by every process of this database
 * and after a restart, and nobody else waits for one. Nothing is forgotten before its time: at the bound, new signatures
 * are turned away. Only who has a key gets that far, for signatures are noted when they are found right.
 */
export function createUsedSignatures({ store: { own }, max, clock }: UsedSignaturesOptions): UsedSignatures {
  let count = Number.POSITIVE_INFINITY
  let tidyAt = Number.NEGATIVE_INFINITY
  return {
    async use(signature, until) {
      if (count >= max || clock.now() >= tidyAt) await tidy()
      if (count >= max) return (await isKnown(signature)) ? 'used' : 'full'
      count += 1
      const { numInsertedOrUpdatedRows } = await own
        .insertInto('used_signature')
        .values({ hash: sha256Hex(signature), expires_at: until })
        .onConflict((conflict) => conflict.column('hash').doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n ? 'new' : 'used'
    },
  }

  /** Counts anew too: other processes may write to the same table. */
  async function tidy(): Promise<void> {
    const now = clock.now()
    tidyAt = now + limits.wireSignaturesTidy
    await own.deleteFrom('used_signature').where('expires_at', '<', now).execute()
    const { total } = await own
      .selectFrom('used_signature')
      .select(({ fn }) => fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    count = Number(total)
  }

  async function isKnown(signature: string): Promise<boolean> {
    const hash = sha256Hex(signature)
    return (
      (await own.selectFrom('used_signature').select('hash').where('hash', '=', hash).executeTakeFirst()) !== undefined
    )
  }
}
