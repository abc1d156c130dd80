import type { Clock } from '@postern/core'
import type { Live } from './live.ts'
import { createStartRule, type StartRule } from './start-rule.ts'
import { BackendError, type BackendLimits, type Lease } from './types.ts'

/** What a slot of the pool is for. */
export interface SlotSpec {
  readonly key: string
  readonly serviceId: string
  readonly revision: number
  /** Slots of one kind share a bound. */
  readonly kind: string
  /** How many slots of the kind may be occupied at once. */
  readonly bound: number
  /** Whose it is, over all services; undefined for what is shared. */
  readonly owner: string | undefined
  /** How many slots of the kind may be occupied by one owner at once. */
  readonly ownerBound: number
  start(signal: AbortSignal): Promise<Live>
}

export type SlotChange = 'started' | 'failed' | 'stopped'

export interface PoolOptions {
  readonly clock: Clock
  readonly limits: BackendLimits
  /** Told what becomes of backends; `reason` is for people. */
  readonly onChange: (change: SlotChange, slot: SlotSpec, reason?: string) => void
}

/** Live backends by key: started when first asked for, shared while they live, stopped when idle or told to. */
export interface Pool {
  /** @throws BackendError: `busy` at a bound, `failed` when it does not start or is left alone for a while */
  lease(spec: SlotSpec): Promise<Lease>
  /** Ends all of a service. */
  stop(serviceId: string): Promise<void>
  close(): Promise<void>
  live(): readonly { readonly pid: number; readonly serviceId: string }[]
}

/** A backend from the moment that its start is decided to the moment that nothing of it is left. */
interface Occupant {
  readonly spec: SlotSpec
  readonly slot: Slot
  readonly startedAt: number
  readonly abort: AbortController
  readonly ready: Promise<Live>
  /** Aborted when it is of no use any more. */
  readonly ended: AbortController
  live: Live | undefined
  leases: number
  lastUsed: number
  /** It is to go as soon as nobody holds it. */
  retiring: boolean
  closing: Promise<void> | undefined
}

/** A caller's place at a service: at most one occupant that is lent out, and what is remembered of earlier ones. */
interface Slot {
  readonly rule: StartRule
  occupant: Occupant | undefined
}

// A place is free again when the idle time of somebody else is over, which nobody knows.
const busyRetryAfter = 30

/** Makes an empty pool. */
export function createPool({ clock, limits, onChange }: PoolOptions): Pool {
  const slots = new Map<string, Slot>()
  // Those that are retiring or closing included: their processes still run, so they count.
  const occupants = new Set<Occupant>()
  // The highest revision of each service that was asked for.
  const revisions = new Map<string, number>()
  const sweeper = setInterval(() => sweep(), limits.sweepMs)
  sweeper.unref()
  let closed = false

  return {
    async lease(spec) {
      if (closed) throw new BackendError('failed', 'The gateway is shutting down.')
      const occupant = occupantFor(spec)
      // Held from now on, or it could be taken for idle before it is used.
      occupant.leases += 1
      occupant.lastUsed = clock.now()
      try {
        return lend(occupant, occupant.live ?? (await occupant.ready))
      } catch (error) {
        occupant.leases -= 1
        throw error
      }
    },
    async stop(serviceId) {
      revisions.delete(serviceId)
      await endAll([...occupants].filter(({ spec }) => spec.serviceId === serviceId))
    },
    async close() {
      closed = true
      clearInterval(sweeper)
      await endAll([...occupants])
    },
    live() {
      return [...occupants].flatMap(({ live, spec }) =>
        live?.pid === undefined ? [] : [{ pid: live.pid, serviceId: spec.serviceId }],
      )
    },
  }

  /** What others have of an earlier revision goes too, or it would live on with what was changed until it is idle. */
  function supersede({ serviceId, revision }: SlotSpec): void {
    if (revision <= (revisions.get(serviceId) ?? 0)) return
    revisions.set(serviceId, revision)
    for (const occupant of occupants) {
      if (occupant.spec.serviceId === serviceId && occupant.spec.revision < revision) retire(occupant)
    }
  }

  function occupantFor(spec: SlotSpec): Occupant {
    supersede(spec)
    const slot = slots.get(spec.key) ?? { rule: createStartRule(limits), occupant: undefined }
    slots.set(spec.key, slot)
    const { occupant } = slot
    if (occupant !== undefined && occupant.spec.revision < spec.revision) retire(occupant)
    return slot.occupant ?? occupy(slot, spec)
  }

  function occupy(slot: Slot, spec: SlotSpec): Occupant {
    const startedAt = clock.now()
    slot.rule.admit(startedAt)
    if (isFull(spec)) sweep()
    if (isFull(spec)) {
      throw new BackendError('busy', 'Too many backends are running.', { retryAfter: busyRetryAfter })
    }
    slot.rule.started(startedAt)
    const abort = new AbortController()
    const occupant: Occupant = {
      spec,
      slot,
      startedAt,
      abort,
      ready: spec.start(abort.signal),
      ended: new AbortController(),
      live: undefined,
      leases: 0,
      lastUsed: startedAt,
      retiring: false,
      closing: undefined,
    }
    slot.occupant = occupant
    occupants.add(occupant)
    occupant.ready.then(
      (live) => attend(occupant, live),
      (error: unknown) => startFailed(occupant, error),
    )
    return occupant
  }

  function startFailed(occupant: Occupant, error: unknown): void {
    vacate(occupant)
    occupants.delete(occupant)
    if (occupant.closing !== undefined) return
    occupant.slot.rule.failed(clock.now(), 0)
    onChange('failed', occupant.spec, error instanceof BackendError ? error.message : 'it could not be started')
  }

  async function attend(occupant: Occupant, live: Live): Promise<void> {
    const { spec, slot, startedAt } = occupant
    occupant.live = live
    onChange('started', spec)
    const end = await live.ended
    vacate(occupant)
    if (end.kind === 'failed') slot.rule.failed(clock.now(), clock.now() - startedAt)
    await close(occupant)
    if (end.kind === 'failed') onChange('failed', spec, end.reason)
    else onChange('stopped', spec)
  }

  function lend(occupant: Occupant, { connection }: Live): Lease {
    let held = true
    return {
      connection,
      ended: occupant.ended.signal,
      release() {
        if (!held) return
        held = false
        occupant.leases -= 1
        occupant.lastUsed = clock.now()
        if (occupant.retiring) retire(occupant)
      },
    }
  }

  /** Lent out no more; ended when the last who holds it lets go. */
  function retire(occupant: Occupant): void {
    vacate(occupant)
    occupant.retiring = true
    if (occupant.leases === 0) void close(occupant)
  }

  function vacate(occupant: Occupant): void {
    if (occupant.slot.occupant === occupant) occupant.slot.occupant = undefined
  }

  function close(occupant: Occupant): Promise<void> {
    occupant.closing ??= end(occupant)
    return occupant.closing
  }

  async function end(occupant: Occupant): Promise<void> {
    occupant.ended.abort()
    occupant.abort.abort()
    const live = await occupant.ready.catch(() => undefined)
    await live?.close()
    occupants.delete(occupant)
  }

  async function endAll(doomed: readonly Occupant[]): Promise<void> {
    for (const occupant of doomed) vacate(occupant)
    await Promise.all(doomed.map(close))
  }

  /** Has the kind, or the owner's share of it, no place left? */
  function isFull({ kind, bound, owner, ownerBound }: SlotSpec): boolean {
    let all = 0
    let own = 0
    for (const { spec } of occupants) {
      if (spec.kind !== kind) continue
      all += 1
      if (owner !== undefined && spec.owner === owner) own += 1
    }
    return all >= bound || own >= ownerBound
  }

  function sweep(): void {
    const now = clock.now()
    for (const occupant of occupants) {
      const { live, leases, lastUsed } = occupant
      if (live !== undefined && leases === 0 && now - lastUsed >= limits.idleMs) retire(occupant)
    }
    for (const [key, { occupant, rule }] of slots) {
      if (occupant === undefined && rule.isForgotten(now)) slots.delete(key)
    }
  }
}
