import { type Clock, createSingleFlight, type EventSink } from '@postern/core'
import type { Sealer } from '@postern/server'
import type { Background } from './background.ts'
import { placed } from './catalog-error.ts'
import type { Draft } from './draft.ts'
import { findRepeated, type Idempotency, sealIdempotency } from './idempotency.ts'
import { pageOf } from './paging.ts'
import { serviceNotFound } from './refusals.ts'
import type { Repository } from './repository.ts'
import { checkPlace, type RuleSettings } from './rules.ts'
import { type StoredService, viewOf } from './stored.ts'
import type { AuthorizerInput, Catalog, CreatedKey, Origin, ServiceInput } from './types.ts'
import { addKey } from './write-keys.ts'
import { addService, changeService, onItsWayOut } from './write-services.ts'

export interface RoomContext {
  readonly repository: Repository
  readonly background: Background
  readonly settings: RuleSettings
  readonly sealer: Sealer
  readonly clock: Clock
  readonly record: EventSink
}

/** The services, as the management API deals with them. */
export function createServices(context: RoomContext): Catalog['services'] {
  const { repository, background, settings, clock } = context
  const deletions = createSingleFlight<void>()
  const view = (service: StoredService) => viewOf(service, settings, background.warnings(service.id))
  return {
    async create(input, origin = {}, idempotency) {
      const made = await repository.change((draft) => createOne(draft, input, origin, idempotency))
      if (made.isNew) note('created', made.service, origin)
      return { service: view(made.service), keys: made.keys }
    },
    get(serviceId) {
      return view(find(serviceId))
    },
    list(limit, after) {
      const { items, next } = pageOf(repository.state.services.values(), limit, after)
      return { items: items.map(view), next }
    },
    async update(serviceId, change, origin = {}) {
      const { before, after } = await repository.change((draft) => {
        const known = draft.get(serviceId)
        const changed = changeService(draft, serviceId, change, { settings, origin, now: clock.now() })
        if (changed !== known) checkPlace(draft, changed)
        return { before: known, after: changed }
      })
      if (after !== before) note('updated', after, origin)
      return view(after)
    },
    async delete(serviceId, origin = {}) {
      const service = find(serviceId)
      await deletions(serviceId, async () => {
        await deleteOne(serviceId)
        note('deleted', service, origin)
      })
    },
  }

  function find(serviceId: string): StoredService {
    const service = repository.state.services.get(serviceId)
    if (!service) throw serviceNotFound()
    return service
  }

  async function createOne(draft: Draft, input: ServiceInput, origin: Origin, idempotency: Idempotency | undefined) {
    const repeated = idempotency && findRepeated(draft, idempotency, context.sealer)
    if (repeated) return { service: repeated, keys: [], isNew: false }
    const now = clock.now()
    const service = addService(
      draft,
      input,
      { settings, origin, now },
      (id) => idempotency && sealIdempotency(id, idempotency, context.sealer),
    )
    checkPlace(draft, service)
    return { service, keys: await createKeys(draft, service.id, input.authorizers ?? [], now), isNew: true }
  }

  async function deleteOne(serviceId: string): Promise<void> {
    await repository.change((draft) => {
      const service = draft.get(serviceId)
      if (service && service.status !== 'Deleting') draft.put(onItsWayOut(service, clock.now()))
    })
    await background.remove(serviceId)
    await repository.change((draft) => {
      if (draft.get(serviceId)?.status === 'Deleting') draft.remove(serviceId)
    })
  }

  function note(reason: 'created' | 'updated' | 'deleted', service: StoredService, { requestId }: Origin): void {
    const from = { outcome: 'ok', serviceId: service.id, ...(requestId === undefined ? {} : { requestId }) } as const
    context.record({ kind: 'service.state', reason, ...from })
    const loosened = service.authorizers.some((one) => one.type === 'CustomJWT' && one.acceptClientIdAudience)
    if (loosened && reason !== 'deleted') context.record({ kind: 'admin.changed', reason: 'setting_loosened', ...from })
  }
}

/** The keys that come with a service. */
async function createKeys(draft: Draft, serviceId: string, authorizers: readonly AuthorizerInput[], now: number) {
  const created: CreatedKey[] = []
  for (const [index, authorizer] of authorizers.entries()) {
    if (authorizer.type !== 'ApiKey') continue
    for (const [at, input] of (authorizer.apiKeys ?? []).entries()) {
      const place = `authorizers[${index}].apiKeys[${at}]`
      const key = await addKey(draft, serviceId, input, now).catch((error: unknown) => {
        throw placed(place, error)
      })
      created.push(key)
    }
  }
  return created
}
