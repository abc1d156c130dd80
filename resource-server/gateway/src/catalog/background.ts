import type { Clock, EventSink, ScopeHierarchy } from '@postern/core'
import { scopesAskedFor } from '@postern/server'
import type { Backends, Log } from '../backends/types.ts'
import type { IdpLink, Registration, ResourceRequest } from '../idp-link/types.ts'
import { limits } from '../limits.ts'
import type { Changes } from './draft.ts'
import { type CheckIssuer, createIssuers, type TrustedIssuer } from './issuers.ts'
import { type CheckOutcome, createLifeCycle } from './life-cycle.ts'
import { scrub } from './masked.ts'
import { createRegistrations } from './registrations.ts'
import type { Repository } from './repository.ts'
import { poolOfDiscoveryUrl } from './rules.ts'
import { isPending, type Origins, openAuthorizer, type StoredService } from './stored.ts'

export interface BackgroundOptions {
  readonly backends: Pick<Backends, 'check' | 'remove'>
  readonly link: IdpLink
  readonly checkIssuer: CheckIssuer
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly origins: Origins
  readonly clock: Clock
  readonly record: EventSink
  readonly log: Log
}

/** What goes on behind the answers: checks of backends, registrations at the identity provider. */
export interface Background {
  /** Takes up every service that waits for something. */
  start(repository: Repository): void
  /** Sees to what a change made necessary. */
  follow(changes: Changes): void
  /** Ends everything that runs for a service that goes, its processes included. */
  remove(serviceId: string): Promise<void>
  /** What the service's scopes imply at its pool, as far as that is known. */
  scopesOf(serviceId: string): ScopeHierarchy | undefined
  warnings(serviceId: string): readonly string[]
  settled(): Promise<void>
  close(): Promise<void>
}

export function createBackground(options: BackgroundOptions): Background {
  const { backends, link, checkIssuer, wait, origins, clock, record, log } = options
  let repository: Repository | undefined
  const registrations = createRegistrations({ link, clock, wait, onResult })
  const issuers = createIssuers({ check: checkIssuer, wait, onResult: onIssuer })
  const lifeCycle = createLifeCycle({ find, check, finish, onError })
  return {
    start(opened) {
      repository = opened
      for (const service of opened.state.services.values()) look(service)
    },
    follow(changes) {
      if (!repository) return
      for (const [serviceId, service] of changes.services) {
        if (service && service.status !== 'Deleting') look(service)
        else leave(serviceId)
      }
    },
    async remove(serviceId) {
      await lifeCycle.cancel(serviceId)
      await backends.remove(serviceId)
    },
    scopesOf: registrations.scopesOf,
    warnings: (serviceId) => [...registrations.warnings(serviceId), ...issuers.warnings(serviceId)],
    async settled() {
      await lifeCycle.settled()
      await registrations.settled()
      await issuers.settled()
    },
    async close() {
      await Promise.all([lifeCycle.close(), registrations.close(), issuers.close()])
    },
  }

  function find(serviceId: string): StoredService | undefined {
    return repository?.state.services.get(serviceId)
  }

  function look(service: StoredService): void {
    registrations.ensure(service.id, resourceOf(service, origins))
    issuers.ensure(service.id, issuerOf(service, origins))
    if (isPending(service)) lifeCycle.start(service.id)
  }

  function leave(serviceId: string): void {
    registrations.ensure(serviceId, undefined)
    issuers.ensure(serviceId, undefined)
  }

  async function check(service: StoredService, signal: AbortSignal): Promise<void> {
    // A toolset is as good as its services are, each by itself.
    if (service.backend.type !== 'toolset') await backends.check(service, { signal })
    // Whoever waits for Ready may ask the pool for a token next.
    await Promise.race([registrations.tried(service.id), wait(limits.registrationPatience, signal)])
  }

  async function finish(service: StoredService, outcome: CheckOutcome): Promise<void> {
    const after = await repository?.change((draft) => {
      const now = draft.get(service.id)
      if (!now || !isPending(now) || now.backendRevision !== service.backendRevision) return undefined
      const next = finished(now, outcome, clock.now())
      draft.put(next)
      return next
    })
    if (!after) return
    const { id: serviceId, status, statusReason } = after
    if (outcome.ok) {
      log.info({ serviceId, status }, 'service is ready')
      record({ kind: 'service.state', outcome: 'ok', reason: 'ok', serviceId })
    } else {
      log.warn({ serviceId, status, statusReason }, 'service failed its check')
      record({ kind: 'service.state', outcome: 'error', reason: 'backend_failed', serviceId })
    }
  }

  function onResult(serviceId: string, request: ResourceRequest, result: Registration, lasting: boolean): void {
    const fields = { serviceId, poolId: request.poolId, resource: request.identifier }
    if (result.state === 'registered') log.info(fields, 'service is a resource of the pool')
    else {
      const level = result.state === 'refused' || lasting ? 'warn' : 'info'
      log[level]({ ...fields, problem: result.problem }, 'service is no resource of the pool yet')
    }
  }

  function onIssuer({ issuer }: TrustedIssuer, problem: string | undefined): void {
    if (problem === undefined) log.info({ issuer }, 'an issuer that could not be reached is there')
    else log.warn({ issuer, problem }, 'the keys of an issuer cannot be had')
  }

  function onError(error: unknown, serviceId: string): void {
    log.error({ err: error, serviceId }, "the outcome of a service's check could not be written")
    record({ kind: 'service.state', outcome: 'error', reason: 'internal', serviceId })
  }
}

function finished(service: StoredService, outcome: CheckOutcome, now: number): StoredService {
  const revision = service.revision + 1
  const { statusReason: _, ...rest } = service
  if (outcome.ok) {
    return { ...rest, status: 'Ready', live: { backend: service.backend, revision }, revision, updatedAt: now }
  }
  const status = service.live === undefined ? 'CreateFailed' : 'UpdateFailed'
  return { ...rest, status, statusReason: scrub(outcome.reason, service.backend), revision, updatedAt: now }
}

/** Whose tokens the service takes; undefined: API keys alone. */
function issuerOf(service: StoredService, origins: Origins): TrustedIssuer | undefined {
  for (const stored of service.authorizers) {
    const authorizer = openAuthorizer(stored, origins)
    if (authorizer.type === 'CustomJWT') return { issuer: authorizer.issuer, discoveryUrl: authorizer.discoveryUrl }
  }
  return undefined
}

/** What the service must be registered as at our own identity provider; undefined: it trusts no pool of it. */
function resourceOf(service: StoredService, origins: Origins): ResourceRequest | undefined {
  for (const stored of service.authorizers) {
    const authorizer = openAuthorizer(stored, origins)
    if (authorizer.type !== 'CustomJWT') continue
    const poolId = poolOfDiscoveryUrl(authorizer.discoveryUrl, origins)
    if (poolId === undefined) return undefined
    const identifier = origins.publicUrl + service.path
    const scopes = scopesAskedFor(authorizer.requiredScopes, service.access?.rules)
    return { poolId, identifier, name: service.name, scopes }
  }
  return undefined
}
