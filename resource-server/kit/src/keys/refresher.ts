import { createSingleFlight, FetchProblem, type Reason } from '@postern/core'
import { limits } from '../limits.ts'
import type { KeyTimes, Settings } from '../options/settings.ts'
import { Refusal } from '../refusal.ts'
import { createBackoff } from './backoff.ts'
import { type KeySet, readKeySet } from './key-set.ts'
import type { LoadKeySet } from './load-key-set.ts'

/** Keeps the last key set that could be had, and gets a newer one when it is told to. */
export interface Refresher {
  current(): KeySet | undefined
  /** Milliseconds since the key set was fetched. */
  age(): number
  /** Fetches; all who ask meanwhile share the fetch. Rejects with `Refusal`, during a pause after a failure at once. */
  refresh(): Promise<void>
  /** Is a fetch under way, for which `refresh` would wait? */
  isFlying(): boolean
  /** Is a fetch possible now, rather than under way or in a pause? */
  isIdle(): boolean
  isPausing(): boolean
  /** Ends the pause after a failure. */
  forgive(): void
  /** Why the last fetch failed; undefined where it did not. */
  problem(): string | undefined
  unavailable(): Refusal
  close(): void
}

export type RefresherSettings = Pick<Settings, 'clock'> & {
  readonly times: KeyTimes
  readonly onWarning: (reason: Reason) => void
}

export function createRefresher(
  load: LoadKeySet,
  { clock, times, onWarning }: RefresherSettings,
  closing: AbortController,
): Refresher {
  const backoff = createBackoff(clock)
  let current: { readonly set: KeySet; readonly at: number } | undefined
  // Longer than all fetches of one flight together, so that no flight is lost but those that a runtime has ended.
  const patienceMs = Math.max(limits.flightPatienceMs, limits.flightFetches * times.timeout)
  const flights = createSingleFlight<void>({ patienceMs })
  let flight: { readonly since: number } | undefined
  let problem: string | undefined

  const unavailable = () => new Refusal('keys_unavailable', { retryAfter: backoff.wait() / 1000 })

  // Unknown after the clock was set back: then too old, so that nothing serves for longer than it should.
  const age = () => {
    const elapsed = current === undefined ? -1 : clock.now() - current.at
    return elapsed < 0 ? times.maxAge : elapsed
  }

  const keep = (set: KeySet) => {
    if (set.ignored > 0 && set.ignored !== current?.set.ignored) onWarning('key_ignored')
    current = { set, at: clock.now() }
    problem = undefined
    backoff.succeeded()
  }

  const fail = (error: unknown) => {
    backoff.failed()
    problem = error instanceof FetchProblem ? error.message : 'the keys cannot be had'
    if (isWithdrawn(error)) current = undefined
    else if (current !== undefined && age() >= times.maxAge) onWarning('keys_stale')
  }

  // One that has been under way for long was lost with the request that began it, as on Workers.
  const isFlying = () => flight !== undefined && performance.now() - flight.since < patienceMs

  const fetchKeys = async () => {
    const mine = { since: performance.now() }
    flight = mine
    try {
      const set = await readKeySet(await load(), current?.set)
      if (set === undefined) throw new FetchProblem('not_json', 'the key set is not a JWK set')
      closing.signal.throwIfAborted()
      // One that was given up and comes in late knows less than the one that took its place.
      if (flight === mine) keep(set)
    } catch (error) {
      if (flight === mine) fail(error)
      throw unavailable()
    } finally {
      if (flight === mine) flight = undefined
    }
  }

  return {
    current: () => current?.set,
    age,
    async refresh() {
      if (closing.signal.aborted || (!isFlying() && backoff.wait() > 0)) throw unavailable()
      return flights('', fetchKeys)
    },
    isFlying,
    isIdle: () => !isFlying() && backoff.wait() === 0 && !closing.signal.aborted,
    isPausing: () => backoff.wait() > 0,
    forgive: () => backoff.succeeded(),
    problem: () => problem,
    unavailable,
    close() {
      closing.abort()
      current = undefined
    },
  }
}

/** The issuer itself says that there are no keys here any more: not an outage to be bridged with old ones. */
function isWithdrawn(error: unknown): boolean {
  return error instanceof FetchProblem && error.code === 'status' && (error.status === 404 || error.status === 410)
}
