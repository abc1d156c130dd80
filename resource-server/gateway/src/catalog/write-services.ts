import { createId } from '@postern/core'
import { isSame } from './canonical.ts'
import type { Draft } from './draft.ts'
import { unmaskBackend } from './masked.ts'
import { conflict, refuseFaults } from './refusals.ts'
import { checkAuthorizers, checkCommand, type RuleSettings, requireService } from './rules.ts'
import { type StoredAuthorizer, type StoredService, storedDiscoveryUrl } from './stored.ts'
import { kindOf } from './toolset-rules.ts'
import type { AuthorizerInput, Backend, Origin, ServiceChange, ServiceInput } from './types.ts'

export interface WriteContext {
  readonly settings: RuleSettings
  readonly origin: Origin
  readonly now: number
}

/** The authorizers of a service that names none. */
export const keysAlone: readonly AuthorizerInput[] = [{ type: 'ApiKey' }]

/** Adds a service in status Creating to the draft, without keys. Its place among the others is not checked here. */
export function addService(
  draft: Draft,
  input: ServiceInput,
  context: WriteContext,
  idempotency?: (serviceId: string) => StoredService['idempotency'],
): StoredService {
  const { settings, origin } = context
  const now = draft.stamp(context.now)
  const id = input.id ?? createId(input.backend.type === 'toolset' ? 'set' : 'svc')
  const taken = draft.get(id)
  if (taken) {
    throw conflict('duplicate', 'id', `there is a ${kindOf(taken)} ${id}; choose another id, or PATCH that one`)
  }
  const authorizers = input.authorizers ?? keysAlone
  checkAuthorizers(authorizers, settings)
  checkCommand(input.backend, settings, origin)
  const token = idempotency?.(id)
  const service: StoredService = {
    id,
    name: input.name,
    projectName: input.projectName,
    path: input.path,
    backend: unmasked(input.backend, []),
    backendRevision: 1,
    authorizers: authorizers.map((one) => toStored(one, settings)),
    isolation: input.isolation ?? 'caller',
    rootMetadata: input.rootMetadata ?? false,
    ...(input.access === undefined ? {} : { access: input.access }),
    ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
    status: 'Creating',
    ...(token === undefined ? {} : { idempotency: token }),
    revision: 1,
    createdAt: now,
    updatedAt: now,
  }
  draft.put(service)
  return service
}

/**
 * Changes a service in the draft. Everything but the backend takes effect at once; a new backend serves when its check
 * was passed, and until then the one before it does. Its place among the others is not checked here.
 */
export function changeService(
  draft: Draft,
  serviceId: string,
  change: ServiceChange,
  context: WriteContext,
): StoredService {
  const before = requireService(draft, serviceId)
  const named = withPlainFields(before, change, context)
  const isolated = withIsolation(named, change.isolation ?? before.isolation, before.revision + 1)
  const backend = askedBackend(before, change)
  const after = backend === undefined ? isolated : withBackend(isolated, backend, before.revision + 1, context)
  if (isSame(before, after)) return before
  const written = { ...after, revision: before.revision + 1, updatedAt: context.now }
  draft.put(written)
  // A key belongs to its authorizer: without one it would sleep unseen until somebody puts the authorizer back.
  if (!written.authorizers.some((one) => one.type === 'ApiKey')) {
    for (const key of draft.keysOf(serviceId)) draft.removeKey(serviceId, key.id)
  }
  return written
}

function askedBackend({ backend }: StoredService, change: ServiceChange): Backend | undefined {
  if (change.toolset === undefined || backend.type !== 'toolset') return change.backend
  return { ...backend, ...change.toolset }
}

function withPlainFields(before: StoredService, change: ServiceChange, { settings }: WriteContext): StoredService {
  if (change.authorizers) checkAuthorizers(change.authorizers, settings)
  const { access: accessBefore, ...rest } = before
  const access = change.access === undefined ? accessBefore : (change.access ?? undefined)
  return {
    ...rest,
    // What says the same stays the same object: whatever is derived from it is kept by it.
    ...(access === undefined ? {} : { access: isSame(access, accessBefore) && accessBefore ? accessBefore : access }),
    name: change.name ?? before.name,
    rootMetadata: change.rootMetadata ?? before.rootMetadata,
    ...(change.annotations === undefined ? {} : { annotations: change.annotations }),
    authorizers: change.authorizers?.map((one) => toStored(one, settings)) ?? before.authorizers,
  }
}

function withIsolation(service: StoredService, isolation: StoredService['isolation'], revision: number): StoredService {
  if (isolation === service.isolation) return service
  const { live } = service
  return { ...service, isolation, backendRevision: revision, ...(live ? { live: { ...live, revision } } : {}) }
}

function withBackend(service: StoredService, asked: Backend, revision: number, context: WriteContext): StoredService {
  const backend = unmasked(asked, service.live ? [service.backend, service.live.backend] : [service.backend])
  const failed = service.status === 'CreateFailed' || service.status === 'UpdateFailed'
  // What failed is tried again when it is asked for again.
  if (isSame(backend, service.backend) && !failed) return service
  checkCommand(backend, context.settings, context.origin)
  return awaitingCheck({ ...service, backend, backendRevision: revision })
}

/** The service in the status in which its backend gets checked. */
export function awaitingCheck(service: StoredService): StoredService {
  const { statusReason: _, ...rest } = service
  return { ...rest, status: service.live === undefined ? 'Creating' : 'Updating' }
}

/** The service in the status from which it only goes away. */
export function onItsWayOut(service: StoredService, now: number): StoredService {
  return { ...service, status: 'Deleting', revision: service.revision + 1, updatedAt: now }
}

/** @param stored what values may be kept of: the first of the same kind */
function unmasked(asked: Backend, stored: readonly Backend[]): Backend {
  const { backend, faults } = unmaskBackend(
    asked,
    stored.find(({ type }) => type === asked.type),
  )
  refuseFaults(faults)
  return backend
}

function toStored(input: AuthorizerInput, settings: RuleSettings): StoredAuthorizer {
  if (input.type === 'ApiKey') return { type: 'ApiKey' }
  return { ...input, discoveryUrl: storedDiscoveryUrl(input.discoveryUrl, settings) }
}
