import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createFetch } from '@postern/server'
import { backendLimits } from '../limits.ts'
import { startBuiltin } from './builtin.ts'
import { askable } from './capabilities.ts'
import { createDial } from './dial.ts'
import { startHttp } from './http.ts'
import { inspect } from './inspect.ts'
import { createLeftovers, removeAbandoned } from './leftovers.ts'
import type { Live } from './live.ts'
import { startOpenapi } from './openapi/openapi.ts'
import { createOutboundTokens, withToken } from './outbound-tokens.ts'
import { createPackages } from './packages/packages.ts'
import { createPool, type SlotChange, type SlotSpec } from './pool.ts'
import { createProcessWatch } from './process-watch.ts'
import { startStdio } from './stdio.ts'
import {
  BackendError,
  type BackendLimits,
  type BackendService,
  type Backends,
  type BackendsOptions,
  type Caller,
  type CheckOptions,
  type CheckReport,
  type Era,
  type HttpBackend,
  type JsonObject,
  type Lease,
  type OpenapiBackend,
} from './types.ts'

/**
 * The ground of the gateway: starts what services stand on, keeps it for its callers, restarts what died and leaves
 * nothing behind.
 */
export function createBackends(options: BackendsOptions): Backends {
  const { clock, maxProcesses } = options
  const { maxProcessMemoryMb: processMemoryMb = backendLimits.processMemoryMb } = options
  const limits: BackendLimits = { ...backendLimits, processMemoryMb, ...options.limits }
  const dataDir = resolve(options.dataDir)
  const folders = join(dataDir, 'backends')
  const packagesFolder = join(dataDir, 'packages')
  const packages = createPackages({ folder: packagesFolder, limits })
  const leftovers = createLeftovers(join(dataDir, 'processes'))
  const watch = createProcessWatch({ limits, log: options.log })
  const builtin = startBuiltin(clock)
  const dial = createDial()
  const reach = options.fetch ?? dial.fetch
  const { internal } = options
  const tokens = createOutboundTokens({
    fetch: createFetch({ fetch: reach, ...(internal === undefined ? {} : { internal }) }),
    clock,
    limits,
  })
  const pool = createPool({ clock, limits, onChange: reporter(options) })

  const start = async (service: BackendService, folder: string, client: Client, check: CheckOptions): Promise<Live> => {
    const { backend } = service
    const shared = service.isolation === 'shared'
    if (backend.type === 'builtin') return builtin
    if (backend.type === 'http') {
      return await startHttp({ backend, ...client, shared, fetch: await reachFor(backend), limits })
    }
    if (backend.type === 'openapi') return await startApi(service.id, backend)
    // Whoever asks for one has forgotten to ask for its services.
    if (backend.type === 'toolset') throw new BackendError('failed', 'a toolset is reached through its services')
    const command = await packages.resolve(backend, check)
    check.signal?.throwIfAborted()
    const { capabilities } = client
    const onStart = leftovers.note
    return await startStdio({ backend, command, folder, shared, capabilities, limits, onStart, watch, ...check })
  }

  /** Fetches the first token at once, so that what is wrong with it is told as such. */
  const reachFor = async ({ oauth }: HttpBackend | OpenapiBackend): Promise<typeof fetch> => {
    if (oauth === undefined) return reach
    await tokens.get(oauth)
    return withToken(reach, oauth, tokens)
  }

  const startApi = async (serviceId: string, backend: OpenapiBackend): Promise<Live> => {
    const { headers = {}, oauth } = backend
    const token = () => (oauth === undefined ? [] : [tokens.peek(oauth) ?? '', oauth.clientSecret])
    return await startOpenapi({
      backend,
      fetch: await reachFor(backend),
      checkHost: dial.check,
      onTrouble: (reason) => options.log.warn({ serviceId, reason }, 'an API could not be called'),
      secrets: () => [...Object.values(headers).flatMap(withoutScheme), ...token()],
      limits,
    })
  }

  const slotFor = (service: BackendService, caller: Caller, client: Client): SlotSpec => {
    const { id, backend, isolation, backendRevision } = service
    const who = isolation === 'shared' ? 'shared' : digest(caller.key)
    if (backend.type === 'openapi') return apiSlot(service)
    const isProcess = backend.type === 'stdio'
    const bound = isProcess ? maxProcesses : limits.httpConnections
    const abilities = JSON.stringify(client.capabilities)
    return {
      // A process keeps state: a caller has one for clients that can do the same, of whatever era. A connection is cheap.
      key: isProcess ? `${id} ${who} ${abilities}` : `${id} ${who} ${abilities} ${client.prefer}`,
      serviceId: id,
      revision: backendRevision,
      kind: isProcess ? 'process' : 'http',
      bound,
      owner: isolation === 'shared' ? undefined : who,
      ownerBound: shareOf(bound, limits.keptForOthers),
      start: (signal) => start(service, join(folders, id, who), client, { signal }),
    }
  }

  /** An API is read once for all callers: nothing of one is kept. */
  const apiSlot = (service: BackendService): SlotSpec => ({
    key: `${service.id} api`,
    serviceId: service.id,
    revision: service.backendRevision,
    kind: 'api',
    bound: limits.openapiApis,
    owner: undefined,
    ownerBound: limits.openapiApis,
    start: (signal) => start(service, folders, nobody, { signal }),
  })

  const checks = new Set<Promise<CheckReport>>()
  const checkOnce = async (service: BackendService, check: CheckOptions): Promise<CheckReport> => {
    await mkdir(folders, { recursive: true, mode: 0o700 })
    const folder = await mkdtemp(join(folders, '.check-'))
    try {
      const live = await start(service, folder, nobody, check)
      return await inspect(live, limits).finally(() => live.close())
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  return {
    async connect(service, caller, { prefer = 'legacy', capabilities } = {}) {
      if (service.backend.type === 'builtin') return endless(builtin)
      return await pool.lease(
        slotFor(service, caller, { prefer, capabilities: service.isolation === 'shared' ? {} : askable(capabilities) }),
      )
    },
    async check(service, check = {}) {
      const checking = checkOnce(service, check)
      checks.add(checking)
      try {
        return await checking
      } finally {
        checks.delete(checking)
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
      // One that was given up still puts away what it has made.
      await Promise.allSettled(checks)
      dial.close()
    },
    processes: () => pool.live(),
  }
}

/** What a backend is to know of the client that it is started for. */
interface Client {
  readonly prefer: Era
  readonly capabilities: JsonObject
}

const nobody: Client = { prefer: 'legacy', capabilities: {} }

/** What one caller may hold over all services: not everything, unless there is but one place. */
function shareOf(bound: number, keptForOthers: number): number {
  return Math.max(1, bound - Math.max(1, Math.floor(bound * keptForOthers)))
}

/** `Bearer abc` is two things to hide: the whole and the credential. */
function withoutScheme(value: string): string[] {
  const [, credential] = /^[A-Za-z]+ +(\S+)$/.exec(value) ?? []
  return credential === undefined ? [value] : [value, credential]
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
