import { type Clock, createSingleFlight, type EventSink } from '@postern/core'
import type { Sealer } from '@postern/server'
import type { Background } from './background.ts'
import { placed } from './catalog-error.ts'
import type { Draft } from './draft.ts'
import { findRepeated, type Idempotency, sealIdempotency } from './idempotency.ts'
import { pageOf } from './paging.ts'
import { serviceNotFound, toolsetNotFound } from './refusals.ts'
import type { Repository } from './repository.ts'
import { checkPlace, type RuleSettings } from './rules.ts'
import { type StoredService, viewOf } from './stored.ts'
import { checkMembers, type Kind, kindOf, refuseInUse } from './toolset-rules.ts'
import type { AuthorizerInput, CreatedKey, KeyPlan, Origin, ServiceInput, ServiceRoom } from './types.ts'
import { addKey, removeKey } from './write-keys.ts'
import { addService, changeService, onItsWayOut } from './write-services.ts'

export interface RoomContext {
  readonly repository: Repository
  readonly background: Background
  readonly settings: RuleSettings
  readonly sealer: Sealer
  readonly clock: Clock
  readonly record: EventSink
}

/** The services, or the toolsets, as the management API deals with them. */
export function createServices(context: RoomContext, kind: Kind): ServiceRoom {
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
      const own = [...repository.state.services.values()].filter((service) => kindOf(service) === kind)
      const { items, next } = pageOf(own, limit, after)
      return { items: items.map(view), next }
    },
    async update(serviceId, change, origin = {}, keys) {
      const { before, after } = await repository.change(async (draft) => {
        const known = ownOf(draft.get(serviceId))
        const now = clock.now()
        const changed = changeService(draft, serviceId, change, { settings, origin, now })
        if (changed !== known) {
          checkPlace(draft, changed)
          checkMembers(draft, changed)
        }
        if (keys !== undefined) await renewKeys(draft, serviceId, keys, now)
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
    return ownOf(repository.state.services.get(serviceId))
  }

  /** What is of the other kind is not here. */
  function ownOf(service: StoredService | undefined): StoredService {
    if (service !== undefined && kindOf(service) === kind) return service
    throw kind === 'toolset' ? toolsetNotFound() : serviceNotFound()
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
    checkMembers(draft, service)
    return { service, keys: await createKeys(draft, service.id, input.authorizers ?? [], now), isNew: true }
  }

  async function deleteOne(serviceId: string): Promise<void> {
    await repository.change((draft) => {
      const service = draft.get(serviceId)
      refuseInUse(draft, serviceId)
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

/** Keys that go and keys that come, with the rest of a change. */
async function renewKeys(draft: Draft, serviceId: string, { remove, add }: KeyPlan, now: number): Promise<void> {
  // A change of the authorizers may have ended them already.
  const present = new Set(draft.keysOf(serviceId).map(({ id }) => id))
  for (const keyId of remove) if (present.has(keyId)) removeKey(draft, serviceId, keyId)
  for (const input of add) await addKey(draft, serviceId, input, now)
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
