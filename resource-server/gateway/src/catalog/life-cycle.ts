import { limits } from '../limits.ts'
import { isPending, type StoredService } from './stored.ts'

/** How a check ended. The reason is for people; it may still hold what must not be shown. */
export type CheckOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export interface LifeCycleOptions {
  readonly find: (serviceId: string) => StoredService | undefined
  /** Checks the backend that is asked for. A rejection's message is the reason. */
  readonly check: (service: StoredService, signal: AbortSignal) => Promise<unknown>
  /** Writes the outcome, unless something else has been asked for since (`service.backendRevision`). */
  readonly finish: (service: StoredService, outcome: CheckOutcome) => Promise<void>
  readonly onError: (error: unknown, serviceId: string) => void
}

/** Brings services from Creating and Updating to what comes after, a few at a time. */
export interface LifeCycle {
  /** Has the service checked as it is asked for now; a check of an older backend is given up. */
  start(serviceId: string): void
  /** Gives the service's check up, and resolves when it is over. */
  cancel(serviceId: string): Promise<void>
  /** Resolves when nothing is under way or waiting. */
  settled(): Promise<void>
  /** Gives every check up; the services keep their status and are taken up again at the next start. */
  close(): Promise<void>
}

interface Job {
  /** The backend that the job looks at. */
  readonly revision: number | undefined
  readonly controller: AbortController
  readonly done: Promise<void>
}

export function createLifeCycle(options: LifeCycleOptions): LifeCycle {
  const queue: string[] = []
  const running = new Map<string, Job>()
  let closed = false
  return { start, cancel, settled, close }

  function start(serviceId: string): void {
    const job = running.get(serviceId)
    // A check of what is not asked for any more is given up; its job then looks again.
    if (job && job.revision !== options.find(serviceId)?.backendRevision) job.controller.abort()
    if (closed || job || queue.includes(serviceId)) return
    queue.push(serviceId)
    launch()
  }

  function launch(): void {
    while (running.size < limits.checksAtOnce) {
      const serviceId = queue.shift()
      if (serviceId === undefined) return
      const controller = new AbortController()
      const revision = options.find(serviceId)?.backendRevision
      running.set(serviceId, { revision, controller, done: work(serviceId, controller.signal) })
    }
  }

  async function work(serviceId: string, signal: AbortSignal): Promise<void> {
    let again = false
    try {
      await run(serviceId, signal)
      // Something new may have been asked for meanwhile.
      again = waits(serviceId)
    } catch (error) {
      options.onError(error, serviceId)
    }
    running.delete(serviceId)
    if (again) start(serviceId)
    launch()
  }

  function waits(serviceId: string): boolean {
    const service = options.find(serviceId)
    return service !== undefined && isPending(service)
  }

  async function run(serviceId: string, signal: AbortSignal): Promise<void> {
    const service = options.find(serviceId)
    if (!service || !isPending(service) || signal.aborted) return
    const outcome = await outcomeOf(service, signal)
    if (!signal.aborted) await options.finish(service, outcome)
  }

  async function outcomeOf(service: StoredService, cancelled: AbortSignal): Promise<CheckOutcome> {
    const timeout = AbortSignal.timeout(limits.check)
    const signal = AbortSignal.any([cancelled, timeout])
    try {
      await Promise.race([options.check(service, signal), rejection(signal)])
      return { ok: true }
    } catch (error) {
      if (timeout.aborted) return { ok: false, reason: `the backend was not ready within ${limits.check / 1000} s` }
      return { ok: false, reason: error instanceof Error ? error.message : 'the backend failed' }
    }
  }

  async function cancel(serviceId: string): Promise<void> {
    const waiting = queue.indexOf(serviceId)
    if (waiting >= 0) queue.splice(waiting, 1)
    const job = running.get(serviceId)
    job?.controller.abort()
    await job?.done
  }

  async function settled(): Promise<void> {
    while (running.size > 0) await Promise.all([...running.values()].map((one) => one.done))
  }

  async function close(): Promise<void> {
    closed = true
    queue.length = 0
    await Promise.all([...running.keys()].map(cancel))
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
