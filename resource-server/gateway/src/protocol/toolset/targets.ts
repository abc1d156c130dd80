import type { BackendService } from '../../backends/types.ts'
import type { Ground, ToolsetRequest } from './ground.ts'
import { gather, type ListMethod } from './lists.ts'
import { readyService } from './members.ts'
import { mergedName, splitName } from './names.ts'

/** The service that a merged name names, and the name there. */
export interface Target {
  readonly serviceId: string
  /** Undefined: it is in the toolset, but cannot be served now. */
  readonly member: BackendService | undefined
  readonly name: string
}

/**
 * Where a merged name leads. Names are compared as they are: no other spelling of a service's id is that service.
 *
 * @param method where a name that was cut is looked up
 * @returns undefined for a name that leads nowhere
 */
export async function targetOf(
  ground: Ground,
  asked: ToolsetRequest,
  merged: string,
  method: Extract<ListMethod, 'tools/list' | 'prompts/list'>,
): Promise<Target | undefined> {
  const place = splitName(merged)
  if (place === undefined || !asked.service.backend.serviceIds.includes(place.serviceId)) return undefined
  const { serviceId } = place
  const member = readyService(serviceId, ground.catalog)
  if (member === undefined) return { serviceId, member, name: merged }
  const name = 'name' in place ? place.name : await fullName(ground, asked, serviceId, merged, method)
  return name === undefined ? undefined : { serviceId, member, name }
}

async function fullName(
  ground: Ground,
  asked: ToolsetRequest,
  serviceId: string,
  merged: string,
  method: ListMethod,
): Promise<string | undefined> {
  const only = {
    ...asked,
    service: { ...asked.service, backend: { ...asked.service.backend, serviceIds: [serviceId] } },
  }
  const names = (await gather(ground, only, method)).map(({ own }) => own['name'])
  return names.find((name): name is string => typeof name === 'string' && mergedName(serviceId, name) === merged)
}
