import { didYouMean, type FieldError } from '@postern/server'
import type { Draft } from './draft.ts'
import { conflict, refuseFaults } from './refusals.ts'
import type { StoredService } from './stored.ts'
import type { Backend } from './types.ts'

/** Toolsets are services whose backend is other services; outward they are something of their own. */
export type Kind = 'service' | 'toolset'

export function kindOf({ backend }: { readonly backend: Backend }): Kind {
  return backend.type === 'toolset' ? 'toolset' : 'service'
}

/**
 * A toolset stands on services that are there and stay.
 *
 * @throws CatalogError `invalid` with a fault for each id that is none of a service
 */
export function checkMembers(draft: Draft, { backend }: StoredService): void {
  if (backend.type !== 'toolset') return
  refuseFaults(
    backend.serviceIds.flatMap((id, index): FieldError[] => {
      const message = memberProblem(draft, id)
      return message === undefined ? [] : [{ field: `serviceIds[${index}]`, code: 'not_found', message }]
    }),
  )
}

function memberProblem(draft: Draft, id: string): string | undefined {
  const member = draft.get(id)
  if (member === undefined) {
    const ids = draft.all().flatMap((one) => (kindOf(one) === 'service' ? [one.id] : []))
    return `there is no service with this id${didYouMean(id, ids) || '; make it first, or leave it out'}`
  }
  if (kindOf(member) === 'toolset') return 'is a toolset, which cannot be in another one; name its services'
  return member.status === 'Deleting' ? 'is being deleted; leave it out' : undefined
}

/**
 * What a toolset stands on is not pulled away.
 *
 * @throws CatalogError `conflict` which names the toolsets
 */
export function refuseInUse(draft: Draft, serviceId: string): void {
  const users = draft
    .all()
    .filter(({ backend }) => backend.type === 'toolset' && backend.serviceIds.includes(serviceId))
    .map(({ id }) => id)
  if (users.length === 0) return
  const which = users.length === 1 ? `toolset ${users[0]}` : `toolsets ${users.join(', ')}`
  throw conflict('conflict', '', `the service is in ${which}; take it out of there first`)
}
