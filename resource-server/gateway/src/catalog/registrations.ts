import { type Clock, type ScopeHierarchy, systemClock } from '@postern/core'
import type { IdpLink, Registration, ResourceRequest } from '../idp-link/types.ts'
import { limits } from '../limits.ts'
import { isSame as equal } from './canonical.ts'
import { createSlots } from './slots.ts'

export interface RegistrationsOptions {
  readonly link: IdpLink
  readonly clock?: Clock
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  /**
   * Told of each try whose result differs from the one before it, and once more (`lasting`) when it stays the same:
   * servers that start together need a moment.
   */
  readonly onResult: (serviceId: string, request: ResourceRequest, result: Registration, lasting: boolean) => void
}

/** Sees to it that each service that trusts a pool of our own provider is a resource there. */
export interface Registrations {
  /**
   * Registers the service in the background, unless that has been done; where it cannot be yet, it is tried again.
   * Without a request, whatever was under way for the service ends.
   */
  ensure(serviceId: string, request: ResourceRequest | undefined): void
  /** Resolves when the service's registration, if any, was tried once. */
  tried(serviceId: string): Promise<void>
  /** Resolves when all were tried once. */
  settled(): Promise<void>
  /**
   * What the service's scopes imply at its pool, as it was when it was last looked at; asking has it looked at again,
   * at most once in a while. The same object until it changes.
   */
  scopesOf(serviceId: string): ScopeHierarchy | undefined
  /** What a person may want to do by hand. */
  warnings(serviceId: string): readonly string[]
  close(): Promise<void>
}

interface Entry {
  readonly request: ResourceRequest
  readonly controller: AbortController
  readonly first: Promise<void>
  readonly over: Promise<void>
  result?: Registration
  implied?: ScopeHierarchy
  /** When that was looked at. */
  lookedAt: number
}

export function createRegistrations(options: RegistrationsOptions): Registrations {
  const { link, wait, onResult, clock = systemClock } = options
  const entries = new Map<string, Entry>()
  const slots = createSlots(limits.registrationsAtOnce)
  return {
    ensure,
    tried: async (serviceId) => entries.get(serviceId)?.first,
    async settled() {
      await Promise.all([...entries.values()].map((entry) => entry.first))
    },
    scopesOf,
    warnings,
    close,
  }

  function ensure(serviceId: string, request: ResourceRequest | undefined): void {
    const before = entries.get(serviceId)
    const isSame = before && request && JSON.stringify(before.request) === JSON.stringify(request)
    if (isSame && before.result?.state !== 'refused') return
    before?.controller.abort()
    entries.delete(serviceId)
    if (request) begin(serviceId, request, isSame ? before : undefined)
  }

  function begin(serviceId: string, request: ResourceRequest, last: Entry | undefined): void {
    const controller = new AbortController()
    const first = Promise.withResolvers<void>()
    const entry: Entry = {
      request,
      controller,
      first: first.promise,
      over: Promise.resolve().then(() => pursue(serviceId, entry, first.resolve)),
      // Until the next try is over, the last one's warning stands.
      ...(last?.result === undefined ? {} : { result: last.result }),
      ...(last?.implied === undefined ? {} : { implied: last.implied }),
      lookedAt: clock.now(),
    }
    entries.set(serviceId, entry)
  }

  async function pursue(serviceId: string, entry: Entry, tried: () => void): Promise<void> {
    const { signal } = entry.controller
    let pause: number = limits.idpRetry
    for (let tries = 1; !signal.aborted; tries++) {
      const result = await slots(() => link.register(entry.request, signal))
      if (signal.aborted) break
      const isNews = JSON.stringify(entry.result) !== JSON.stringify(result)
      entry.result = result
      learn(entry, result)
      const lasting = result.state === 'later' && tries === limits.registrationTries
      if (isNews || lasting) onResult(serviceId, entry.request, result, lasting)
      tried()
      if (result.state !== 'later') break
      await wait(pause, signal)
      pause = Math.min(pause * 2, limits.idpRetryLongest)
    }
    tried()
  }

  function scopesOf(serviceId: string): ScopeHierarchy | undefined {
    const entry = entries.get(serviceId)
    if (entry === undefined) return undefined
    const isOld = clock.now() - entry.lookedAt >= limits.scopesResolution
    if (entry.result?.state === 'registered' && isOld) void lookAgain(entry)
    return entry.implied
  }

  async function lookAgain(entry: Entry): Promise<void> {
    const { request, controller } = entry
    entry.lookedAt = clock.now()
    const implied = await slots(() => link.implied(request, controller.signal))
    if (implied !== undefined && !controller.signal.aborted)
      learn(entry, { state: 'registered', changed: false, implied })
  }

  function learn(entry: Entry, result: Registration): void {
    if (result.state !== 'registered') return
    const { implied = {} } = result
    entry.lookedAt = clock.now()
    if (Object.keys(implied).length === 0) delete entry.implied
    else if (!equal(entry.implied, implied)) entry.implied = implied
  }

  function warnings(serviceId: string): readonly string[] {
    const entry = entries.get(serviceId)
    if (!entry?.result || entry.result.state === 'registered') return []
    const { poolId, identifier } = entry.request
    const again =
      entry.result.state === 'later' ? 'It is tried again by itself; by hand' : 'Mend that, or do it by hand'
    return [
      `${identifier} is not registered as a resource of pool ${poolId}, so the pool gives no token for it: ` +
        `${entry.result.problem}. ${again}: ${link.byHand(entry.request)}`,
    ]
  }

  async function close(): Promise<void> {
    for (const entry of entries.values()) entry.controller.abort()
    await Promise.all([...entries.values()].map((entry) => entry.over))
  }
}
