import { limits } from '../limits.ts'
import { createSlots } from './slots.ts'

/** An issuer that a service trusts. */
export interface TrustedIssuer {
  readonly issuer: string
  readonly discoveryUrl: string
}

/** Why the keys of an issuer cannot be had, as a sentence without credentials; undefined when they are there. */
export type CheckIssuer = (issuer: TrustedIssuer, signal: AbortSignal) => Promise<string | undefined>

export interface IssuersOptions {
  readonly check: CheckIssuer
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** Told when an issuer turns out to be out of reach, and when it has come back. */
  readonly onResult: (issuer: TrustedIssuer, problem: string | undefined) => void
}

/** Looks, beside everything else, whether the issuers that services trust can be reached. No service fails for it. */
export interface Issuers {
  /** Looks at what a service trusts now, and again until it can be reached; undefined: nothing any more. */
  ensure(serviceId: string, issuer: TrustedIssuer | undefined): void
  warnings(serviceId: string): readonly string[]
  /** Resolves when each was tried once. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** One issuer, however many services trust it. */
interface Watch {
  readonly issuer: TrustedIssuer
  readonly services: Set<string>
  readonly controller: AbortController
  readonly first: PromiseWithResolvers<void>
  over: Promise<void>
  isOver: boolean
  problem: string | undefined
}

export function createIssuers({ check, wait, onResult }: IssuersOptions): Issuers {
  const watches = new Map<string, Watch>()
  const byService = new Map<string, Watch>()
  const slots = createSlots(limits.issuerChecksAtOnce)
  return {
    ensure,
    warnings,
    async settled() {
      await Promise.all([...watches.values()].map(({ first }) => first.promise))
    },
    async close() {
      for (const { controller } of watches.values()) controller.abort()
      await Promise.all([...watches.values()].map(({ over }) => over))
    },
  }

  function ensure(serviceId: string, issuer: TrustedIssuer | undefined): void {
    const before = byService.get(serviceId)
    if (before !== undefined && before.issuer.discoveryUrl !== issuer?.discoveryUrl) leave(serviceId, before)
    if (issuer === undefined) return
    const watch = watches.get(issuer.discoveryUrl) ?? begin(issuer)
    watch.services.add(serviceId)
    byService.set(serviceId, watch)
    if (watch.isOver) launch(watch)
  }

  function leave(serviceId: string, watch: Watch): void {
    byService.delete(serviceId)
    watch.services.delete(serviceId)
    if (watch.services.size > 0) return
    watch.controller.abort()
    watches.delete(watch.issuer.discoveryUrl)
  }

  function begin(issuer: TrustedIssuer): Watch {
    const watch: Watch = {
      issuer,
      services: new Set(),
      controller: new AbortController(),
      first: Promise.withResolvers(),
      over: Promise.resolve(),
      isOver: true,
      problem: undefined,
    }
    watches.set(issuer.discoveryUrl, watch)
    return watch
  }

  function launch(watch: Watch): void {
    watch.isOver = false
    watch.over = pursue(watch).finally(() => {
      watch.isOver = true
      watch.first.resolve()
    })
  }

  async function pursue(watch: Watch): Promise<void> {
    const { signal } = watch.controller
    let pause: number = limits.issuerRetry
    while (!signal.aborted) {
      const problem = await slots(() => check(watch.issuer, signal)).catch(() => 'its discovery URL cannot be used')
      if (signal.aborted) return
      if (problem !== watch.problem) onResult(watch.issuer, problem)
      watch.problem = problem
      watch.first.resolve()
      if (problem === undefined) return
      await wait(pause, signal)
      pause = Math.min(pause * 2, limits.issuerRetryLongest)
    }
  }

  function warnings(serviceId: string): readonly string[] {
    const { issuer, problem } = byService.get(serviceId) ?? {}
    if (issuer === undefined || problem === undefined) return []
    return [
      `the keys of ${issuer.issuer} cannot be had, so its tokens are answered with 503: ${problem}. ` +
        'It is tried again by itself; see whether discoveryUrl is right and can be reached from here',
    ]
  }
}
