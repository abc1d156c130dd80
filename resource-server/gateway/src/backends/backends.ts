import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { backendLimits } from '../limits.ts'
import { startBuiltin } from './builtin.ts'
import { createDial } from './dial.ts'
import { startHttp } from './http.ts'
import { inspect } from './inspect.ts'
import { createLeftovers, removeAbandoned } from './leftovers.ts'
import type { Live } from './live.ts'
import { createPackages } from './packages/packages.ts'
import { createPool, type SlotChange, type SlotSpec } from './pool.ts'
import { startStdio } from './stdio.ts'
import type {
  BackendLimits,
  BackendService,
  Backends,
  BackendsOptions,
  Caller,
  CheckOptions,
  Era,
  Lease,
} from './types.ts'

/**
 * The ground of the gateway: starts what services stand on, keeps it for its callers, restarts what died and leaves
 * nothing behind.
 */
export function createBackends(options: BackendsOptions): Backends {
  const { clock, maxProcesses } = options
  const limits: BackendLimits = { ...backendLimits, ...options.limits }
  const dataDir = resolve(options.dataDir)
  const folders = join(dataDir, 'backends')
  const packagesFolder = join(dataDir, 'packages')
  const packages = createPackages({ folder: packagesFolder, limits })
  const leftovers = createLeftovers(join(dataDir, 'processes'))
  const builtin = startBuiltin(clock)
  const dial = createDial()
  const pool = createPool({ clock, limits, onChange: reporter(options) })

  const start = async (service: BackendService, folder: string, prefer: Era, check: CheckOptions): Promise<Live> => {
    const { backend } = service
    const shared = service.isolation === 'shared'
    if (backend.type === 'builtin') return builtin
    if (backend.type === 'http') {
      return await startHttp({ backend, prefer, shared, fetch: options.fetch ?? dial.fetch, limits })
    }
    const command = await packages.resolve(backend, check)
    check.signal?.throwIfAborted()
    return await startStdio({ backend, command, folder, shared, limits, onStart: leftovers.note, ...check })
  }

  const slotFor = (service: BackendService, caller: Caller, prefer: Era): SlotSpec => {
    const { id, backend, isolation, backendRevision } = service
    const who = isolation === 'shared' ? 'shared' : digest(caller.key)
    const isProcess = backend.type === 'stdio'
    const bound = isProcess ? maxProcesses : limits.httpConnections
    return {
      // A process keeps state: a caller has one, of whatever era its clients are. A connection is cheap.
      key: isProcess ? `${id} ${who}` : `${id} ${who} ${prefer}`,
      serviceId: id,
      revision: backendRevision,
      kind: isProcess ? 'process' : 'http',
      bound,
      owner: isolation === 'shared' ? undefined : who,
      ownerBound: shareOf(bound, limits.keptForOthers),
      start: (signal) => start(service, join(folders, id, who), prefer, { signal }),
    }
  }

  return {
    async connect(service, caller, { prefer = 'legacy' } = {}) {
      if (service.backend.type === 'builtin') return endless(builtin)
      return await pool.lease(slotFor(service, caller, prefer))
    },
    async check(service, check = {}) {
      await mkdir(folders, { recursive: true, mode: 0o700 })
      const folder = await mkdtemp(join(folders, '.check-'))
      try {
        const live = await start(service, folder, 'legacy', check)
        return await inspect(live, limits).finally(() => live.close())
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    async clearUp() {
      const pids = await leftovers.sweep()
      if (pids.length > 0) options.log.warn({ pids }, 'processes that a killed gateway had left were ended')
      await removeAbandoned(folders, '.check-', limits.abandonedMs)
      await removeAbandoned(packagesFolder, '.building-', limits.abandonedMs)
    },
    stop: (serviceId) => pool.stop(serviceId),
    async remove(serviceId) {
      await pool.stop(serviceId)
      await rm(join(folders, serviceId), { recursive: true, force: true })
    },
    async close() {
      await pool.close()
      dial.close()
    },
    processes: () => pool.live(),
  }
}

/** What one caller may hold over all services: not everything, unless there is but one place. */
function shareOf(bound: number, keptForOthers: number): number {
  return Math.max(1, bound - Math.max(1, Math.floor(bound * keptForOthers)))
}

/** A lease on what is always there. */
function endless({ connection }: Live): Lease {
  return { connection, ended: never, release: () => {} }
}

const never = new AbortController().signal

function digest(callerKey: string): string {
  return createHash('sha256').update(callerKey).digest('hex').slice(0, 32)
}

function reporter({ record, log }: BackendsOptions) {
  return (change: SlotChange, { serviceId }: SlotSpec, reason?: string): void => {
    const failed = reason !== undefined
    record({
      kind: 'backend.state',
      outcome: failed ? 'error' : 'ok',
      reason: failed ? 'backend_failed' : 'ok',
      serviceId,
    })
    if (failed) log.warn({ serviceId, change, reason }, 'a backend failed')
    else log.info({ serviceId, change }, 'a backend changed its state')
  }
}
