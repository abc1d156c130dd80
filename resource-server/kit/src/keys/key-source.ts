import type { MaybePromise } from '@postern/core'
import type { Algorithm } from '../options/algorithms.ts'
import type { IssuerRules, Settings } from '../options/settings.ts'
import { Refusal } from '../refusal.ts'
import type { KeySet, VerificationKey } from './key-set.ts'
import { createLoader } from './load-key-set.ts'
import { createRefetch } from './refetch.ts'
import { createRefresher, type RefresherSettings } from './refresher.ts'
import { selectKey } from './select-key.ts'

/** The keys of one issuer, fetched when first needed and kept fresh by use. */
export interface KeySource {
  /** The key of a token; at once where it is known. Throws or rejects with `Refusal`. */
  find(algorithm: Algorithm, kid: string | undefined): MaybePromise<VerificationKey>
  /** May a token that this key verified before still pass? Not once the issuer withdrew it or the keys are too old. */
  isCurrent(key: VerificationKey): boolean
  /** Fetches now, pauses and ages aside. Rejects with `Refusal`. */
  reload(): Promise<void>
  /** Why the last fetch failed, for an operator; undefined where it did not. */
  problem(): string | undefined
  /** Where the issuer tells what it revoked, by its metadata; undefined where they do not say, or were not read. */
  feedUri(): string | undefined
  /** The keys that were last had and not withdrawn, however old. */
  published(): readonly VerificationKey[]
  close(): void
}

export type KeySourceSettings = RefresherSettings & Pick<Settings, 'network' | 'fetch'>

/**
 * Makes the source of one issuer's keys. Nothing is shared between issuers. Young keys serve as they are, older ones
 * while a fetch runs beside the requests, too old ones only while the issuer cannot be reached, and that for a bounded
 * time. An unknown key id causes a fetch of its own, as `createRefetchBucket` allows. All who wait share one fetch; after
 * a failure there is a growing pause in which requests are refused at once (503).
 */
export function createKeySource(rules: IssuerRules, settings: KeySourceSettings): KeySource {
  const { clock, times } = settings
  const closing = new AbortController()
  const { load, feedUri } = createLoader(
    rules,
    { ...settings, timeoutMs: times.timeout, signal: closing.signal },
    clock,
  )
  const keys = createRefresher(load, settings, closing)
  const isFixed = rules.keys.from === 'local' && rules.keys.isFixed
  const refetch = createRefetch({
    cooldownMs: times.cooldown,
    clock,
    refresh: keys.refresh,
    isKnown: ({ algorithm, kid }) => selectKey(keys.current() ?? noKeys, algorithm, kid).problem !== 'unknown_key',
    closed: closing.signal,
  })

  /** The keys that may be used now; a fetch is started where they grow old. */
  const usable = (): KeySet | undefined => {
    const set = keys.current()
    if (set === undefined || isFixed) return set
    const age = keys.age()
    if (age < times.softAge) return set
    if (keys.isIdle()) keys.refresh().catch(() => undefined)
    if (age < times.maxAge) return set
    const isOutage = keys.problem() !== undefined
    return isOutage && age < times.maxAge + times.staleIfError ? set : undefined
  }

  const findFresh = async (algorithm: Algorithm, kid: string | undefined) => {
    try {
      await keys.refresh()
    } catch (error) {
      if (usable() === undefined) throw error
    }
    return pick(usable(), algorithm, kid)
  }

  const pick = (set: KeySet | undefined, algorithm: Algorithm, kid: string | undefined): VerificationKey => {
    if (set === undefined) throw keys.unavailable()
    const { key, problem } = selectKey(set, algorithm, kid)
    if (key === undefined) throw new Refusal(problem)
    return key
  }

  /** Looks once more after a fetch: the one that is under way, else one of its own if that is allowed again. */
  const findUnknown = async (algorithm: Algorithm, kid: string | undefined) => {
    if (keys.isFlying()) {
      await keys.refresh()
      const found = selectKey(keys.current() ?? noKeys, algorithm, kid).key
      if (found !== undefined) return found
    }
    if (keys.isPausing()) throw keys.unavailable()
    if (!(await refetch({ algorithm, kid }))) throw new Refusal('unknown_key')
    return pick(keys.current(), algorithm, kid)
  }

  return {
    find(algorithm, kid) {
      const set = usable()
      if (set === undefined) return findFresh(algorithm, kid)
      const { key, problem } = selectKey(set, algorithm, kid)
      if (key !== undefined) return key
      if (problem !== 'unknown_key' || isFixed) throw new Refusal(problem)
      return findUnknown(algorithm, kid)
    },
    isCurrent: (key) => usable()?.keys.includes(key) === true,
    async reload() {
      // What is under way may have been answered before the change that somebody wants to see.
      if (keys.isFlying()) await keys.refresh().catch(() => undefined)
      keys.forgive()
      return keys.refresh()
    },
    problem: keys.problem,
    feedUri,
    published: () => keys.current()?.keys ?? [],
    close: keys.close,
  }
}

const noKeys: KeySet = { keys: [], weak: new Set(), ignored: 0 }
