import { type Clock, createSingleFlight } from '@postern/core'
import { limits } from '../limits.ts'
import type { Algorithm } from '../options/algorithms.ts'
import { pause } from '../pause.ts'
import { createRefetchBucket } from './refetch-bucket.ts'

/** The key that a token names. */
export interface Wanted {
  readonly algorithm: Algorithm
  readonly kid: string | undefined
}

export interface RefetchSettings {
  readonly cooldownMs: number
  readonly clock: Clock
  /** Fetches the keys, or joins the fetch that is under way. */
  readonly refresh: () => Promise<void>
  readonly isKnown: (wanted: Wanted) => boolean
  readonly closed: AbortSignal
}

/** A fetch that is due within the moment that requests wait for it. */
interface Due {
  readonly ids: Map<string, Wanted>
  /** Waits and fetches, or joins those who do. */
  wait(): Promise<boolean>
  giveUp(): void
}

/**
 * Makes what fetches keys out of turn: true once that was done, false where it may not be now. Whose turn comes within a
 * moment waits for it, together with all who ask meanwhile, unless these bring so many different ids that it is a flood.
 */
export function createRefetch(settings: RefetchSettings): (wanted: Wanted) => Promise<boolean> {
  const { refresh, isKnown, closed } = settings
  const bucket = createRefetchBucket(settings.cooldownMs, settings.clock)
  let due: Due | undefined

  const fetchFor = async (ids: Due['ids']): Promise<true> => {
    bucket.begin()
    await refresh()
    const missing = [...ids].filter(([, wanted]) => !isKnown(wanted)).map(([id]) => id)
    bucket.end(missing, missing.length < ids.size)
    return true
  }

  const fetchLater = (id: string, wanted: Wanted, wait: number): Due => {
    const ids = new Map([[id, wanted]])
    const flood = new AbortController()
    const run = async (): Promise<boolean> => {
      await pause(wait, AbortSignal.any([flood.signal, closed]))
      if (due?.ids === ids) due = undefined
      return flood.signal.aborted ? false : fetchFor(ids)
    }
    const flights = createSingleFlight<boolean>({ patienceMs: limits.flightPatienceMs })
    return { ids, wait: () => flights('', run), giveUp: () => flood.abort() }
  }

  const join = (joined: Due, id: string, wanted: Wanted): Promise<boolean> => {
    const { ids, giveUp } = joined
    ids.set(id, wanted)
    if (ids.size > limits.keyRefetchWaiting) {
      // Before anybody else asks, or the next of the flood would begin to wait anew.
      due = undefined
      bucket.refused([...ids.keys()])
      giveUp()
    }
    return joined.wait()
  }

  return async (wanted) => {
    const id = `${wanted.algorithm} ${wanted.kid ?? ''}`
    if (bucket.isInVain(id)) return false
    if (due !== undefined) return join(due, id, wanted)
    const wait = bucket.wait()
    if (wait === 0) return fetchFor(new Map([[id, wanted]]))
    if (wait > limits.keyRefetchPauseMs) {
      bucket.refused([id])
      return false
    }
    due = fetchLater(id, wanted, wait)
    return due.wait()
  }
}
