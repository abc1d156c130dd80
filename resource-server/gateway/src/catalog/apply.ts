import { isSame } from './canonical.ts'
import { at } from './catalog-error.ts'
import type { Draft } from './draft.ts'
import { conflict } from './refusals.ts'
import { checkPlace, requireService } from './rules.ts'
import type { RoomContext } from './services.ts'
import type { StoredService } from './stored.ts'
import { checkMembers, kindOf } from './toolset-rules.ts'
import type { ApplyReport, Catalog, SeedInput, ServiceChange } from './types.ts'
import { seedKeys } from './write-keys.ts'
import { addService, changeService, keysAlone, type WriteContext } from './write-services.ts'

/** Applies seeds: all of one, or, when the catalogue refuses any of it, nothing. */
export function createApply({ repository, background, settings, clock, record }: RoomContext): Catalog['apply'] {
  return async (inputs, { prune = false } = {}, origin = {}) => {
    const report = await repository.change((draft) =>
      applySeed(draft, inputs, prune, { settings, origin, now: clock.now() }),
    )
    for (const reason of ['created', 'updated', 'deleted'] as const) {
      for (const serviceId of report[reason]) {
        const from = origin.requestId === undefined ? {} : { requestId: origin.requestId }
        record({ kind: 'service.state', outcome: 'ok', reason, serviceId, ...from })
      }
    }
    await Promise.all(report.deleted.map((serviceId) => background.remove(serviceId)))
    return report
  }
}

/** Upserts the services and toolsets of a seed in the draft; with `prune` the others go. */
function applySeed(draft: Draft, inputs: readonly SeedInput[], prune: boolean, context: WriteContext): ApplyReport {
  const before = draft.all()
  const deleted = prune ? removeAbsent(draft, inputs) : []
  const placed = withPlaces(inputs)
  const done = placed.map(({ place, input }) => ({
    id: input.id,
    how: at(place, () => applyOne(draft, input, prune, context)),
  }))
  // Places are looked at when all is in place: a path, or the root's metadata, may pass from one service to another.
  for (const { place, input } of placed) {
    at(place, () => {
      const service = requireService(draft, input.id)
      checkPlace(draft, service)
      checkMembers(draft, service)
    })
  }
  const idsOf = (wanted: string) => done.filter(({ how }) => how === wanted).map(({ id }) => id)
  const toolsets = [...before, ...draft.all()].flatMap((one) => (kindOf(one) === 'toolset' ? [one.id] : []))
  return { created: idsOf('created'), updated: idsOf('updated'), unchanged: idsOf('unchanged'), deleted, toolsets }
}

/** Where each input stands in its seed. */
function withPlaces(inputs: readonly SeedInput[]) {
  const count = { service: 0, toolset: 0 }
  return inputs.map((input) => {
    const kind = kindOf(input)
    const place = `${kind}s[${count[kind]}]`
    count[kind] += 1
    return { place, input }
  })
}

function applyOne(draft: Draft, input: SeedInput, prune: boolean, context: WriteContext) {
  const before = draft.get(input.id)
  const keysBefore = draft.keysOf(input.id)
  if (before === undefined) addService(draft, input, context)
  else {
    refuseMoved(before, input)
    changeService(draft, input.id, wholeOf(input), context)
  }
  for (const [index, one] of (input.authorizers ?? keysAlone).entries()) {
    if (one.type !== 'ApiKey') continue
    const inputs = one.apiKeys ?? []
    at(`authorizers[${index}].apiKeys`, () => seedKeys(draft, input.id, inputs, prune, context.now))
  }
  if (before === undefined) return 'created'
  const keys = draft.keysOf(input.id)
  const sameKeys = keys.length === keysBefore.length && keys.every((key) => keysBefore.includes(key))
  return sameKeys && isSame(definitionOf(before), definitionOf(draft.get(input.id))) ? 'unchanged' : 'updated'
}

/** What a seed can say of a service: one that failed is checked again when it is applied, and is unchanged all the same. */
function definitionOf(service: StoredService | undefined): unknown {
  if (!service) return undefined
  const { name, backend, authorizers, isolation, rootMetadata, access } = service
  return { name, backend, authorizers, isolation, rootMetadata, access }
}

/** A seed says all of a service: what it leaves out has its default, as in a service that is made from it. */
function wholeOf(input: SeedInput): ServiceChange {
  return {
    name: input.name,
    backend: input.backend,
    authorizers: input.authorizers ?? keysAlone,
    isolation: input.isolation ?? 'caller',
    rootMetadata: input.rootMetadata ?? false,
    access: input.access ?? null,
  }
}

function refuseMoved(before: StoredService, input: SeedInput): void {
  if (kindOf(before) !== kindOf(input)) {
    const message = `there is a ${kindOf(before)} of this id; choose another id, or delete that ${kindOf(before)} first`
    throw conflict('duplicate', 'id', message)
  }
  for (const field of ['path', 'projectName'] as const) {
    if (before[field] === input[field]) continue
    const message = `service ${input.id} has another one, which cannot change; put ${before[field]} back, or use another id`
    throw conflict('immutable', field, message)
  }
}

function removeAbsent(draft: Draft, inputs: readonly SeedInput[]): string[] {
  const named = new Set(inputs.map(({ id }) => id))
  const absent = draft.all().filter(({ id }) => !named.has(id))
  for (const { id } of absent) draft.remove(id)
  return absent.map(({ id }) => id)
}
