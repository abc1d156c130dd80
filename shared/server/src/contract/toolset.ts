import { z } from 'zod'
import { limits } from '../limits.ts'
import { id, immutable, uniqueList } from './scalars.ts'
import { serviceCreate, serviceFields, servicePatch, serviceReply } from './service.ts'
import { strict, withRules } from './validate.ts'

/** The services whose tools a toolset has, in its order. */
export const serviceIds = withRules(uniqueList(id, limits.toolsetServices), (ids) =>
  ids.length > 0 ? [] : [{ field: '', code: 'too_short', message: 'must not be empty; name at least one service' }],
)

/** `merged` shows every tool; `search` shows two, with which the others are found and called. */
export const toolsetMode = z.enum(['merged', 'search'])
export type ToolsetMode = z.output<typeof toolsetMode>

/** What services and toolsets have alike: a toolset stands on its services, each with an isolation of its own. */
function alike<S extends { backend: unknown; isolation: unknown }>({ backend: _, isolation: __, ...rest }: S) {
  return rest
}

export const toolsetFields = { ...alike(serviceFields), serviceIds, mode: toolsetMode.default('merged') }

export const toolsetCreate = strict({
  ...alike(serviceCreate.shape),
  serviceIds,
  mode: toolsetFields.mode,
}).meta({ id: 'ToolsetCreate' })
export type ToolsetCreate = z.output<typeof toolsetCreate>

export const toolsetPatch = strict({
  ...alike(servicePatch.shape),
  serviceIds: serviceIds.exactOptional(),
  mode: toolsetMode.exactOptional(),
  id: immutable('make another toolset'),
  path: immutable('its URL is the audience of tokens; make another toolset'),
  projectName: immutable('make another toolset'),
}).meta({ id: 'ToolsetPatch' })
export type ToolsetPatch = z.output<typeof toolsetPatch>

export const toolsetReply = z
  .object({ ...alike(serviceReply.shape), serviceIds: z.array(id), mode: toolsetMode })
  .meta({ id: 'Toolset' })
export type ToolsetReply = z.output<typeof toolsetReply>
