import { type Clock, createCache, createSingleFlight } from '@postern/core'
import type { Directory, HotPool, PublicJwk } from '../directory/types.ts'
import { poolUrls } from '../directory/urls.ts'
import { limits } from '../limits.ts'
import { createSigner, type Signer } from './signer.ts'

/** A pool ready for use: its settings, its resources, and its keys, opened. Never changes; a change makes a new one. */
export interface OpenPool {
  readonly pool: HotPool
  readonly issuer: string
  /** Signs access tokens. */
  readonly signer: Signer
  /** Every active key's signer, by kid. */
  readonly signers: ReadonlyMap<string, Signer>
  /** What the JWKS publishes: active, next and retired keys. */
  readonly publicKeys: readonly PublicJwk[]
}

export interface OpenPools {
  /** The pool as it is now; undefined where there is none. */
  open(poolId: string): Promise<OpenPool | undefined>
  close(): void
}

interface Entry {
  readonly opened: OpenPool
  /** When a key drops out of the JWKS, in epoch milliseconds. */
  readonly validUntil: number
  /** When the revision was last seen to be the current one, in epoch milliseconds. */
  readonly checkedAt: number
}

// Under writes without end the last read is used, but not kept.
const maxTries = 3

export interface OpenPoolsOptions {
  readonly directory: Directory
  readonly clock: Clock
  /** Public origin of the provider. */
  readonly publicUrl: string
}

/**
 * Keeps the pools in use open, bounded. What this process writes is seen at once, what another process writes within
 * `poolRecheckMs`.
 */
export function createOpenPools({ directory, clock, publicUrl }: OpenPoolsOptions): OpenPools {
  const entries = createCache<Entry>({ max: limits.openPools, clock })
  const flight = createSingleFlight<OpenPool | undefined>()
  const reads = new Map<string, { isOvertaken: boolean }>()
  const unsubscribe = directory.subscribe(({ poolId }) => {
    entries.delete(poolId)
    const read = reads.get(poolId)
    if (read !== undefined) read.isOvertaken = true
  })
  return { open, close: unsubscribe }

  async function open(poolId: string): Promise<OpenPool | undefined> {
    const entry = entries.get(poolId)
    if (entry !== undefined && clock.now() - entry.checkedAt < limits.poolRecheckMs) return entry.opened
    return flight(poolId, () => renew(poolId))
  }

  /** Reads until no write has overtaken the read, so that whoever asks after a write never sees what was before it. */
  async function renew(poolId: string): Promise<OpenPool | undefined> {
    let entry: Entry | undefined
    for (let tries = 0; tries < maxTries; tries += 1) {
      const state = { isOvertaken: false }
      reads.set(poolId, state)
      entry = await read(poolId, entries.get(poolId)).finally(() => reads.delete(poolId))
      if (state.isOvertaken) continue
      if (entry === undefined) entries.delete(poolId)
      else entries.set(poolId, entry, entry.validUntil)
      break
    }
    return entry?.opened
  }

  async function read(poolId: string, known: Entry | undefined): Promise<Entry | undefined> {
    const checkedAt = clock.now()
    if (known !== undefined && (await directory.revision(poolId)) === known.opened.pool.revision) {
      return { ...known, checkedAt }
    }
    const pool = await directory.findPool(poolId)
    return pool === undefined ? undefined : openPool(pool, checkedAt)
  }

  async function openPool(pool: HotPool, checkedAt: number): Promise<Entry> {
    const [signingKeys, verifying] = await Promise.all([
      directory.signingKeys(pool.id),
      directory.verifyingKeys(pool.id),
    ])
    const signers = new Map(signingKeys.map((key) => [key.kid, createSigner(key)]))
    const signer = [...signers.values()].find(({ alg }) => alg === pool.signingAlgorithm)
    if (signer === undefined) throw new Error(`pool ${pool.id} has no active ${pool.signingAlgorithm} key`)
    return {
      opened: { pool, issuer: poolUrls(publicUrl, pool.id).issuer, signer, signers, publicKeys: verifying.keys },
      validUntil: verifying.validUntil ?? Number.MAX_SAFE_INTEGER,
      checkedAt,
    }
  }
}
