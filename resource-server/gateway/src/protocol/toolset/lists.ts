import {
  isJsonObject,
  type Json,
  type JsonObject,
  metaOf,
  type RpcOutcome,
  rpcCodes,
  rpcError,
} from '../../backends/json-rpc.ts'
import type { BackendService } from '../../backends/types.ts'
import { askMember } from './ask-member.ts'
import { decodePlace, encodePlace } from './cursor.ts'
import { type Ground, type ToolsetRequest, viewerOf } from './ground.ts'
import { membersOf } from './members.ts'
import { mergedName } from './names.ts'

/** The lists that a toolset merges: where the entries stand in an answer, and what of each is renamed. */
const lists = {
  'tools/list': { field: 'tools', key: 'name' },
  'prompts/list': { field: 'prompts', key: 'name' },
  'resources/list': { field: 'resources', key: 'uri' },
  'resources/templates/list': { field: 'resourceTemplates', key: 'uriTemplate' },
} as const
export type ListMethod = keyof typeof lists

export function isListMethod(method: string): method is ListMethod {
  return Object.hasOwn(lists, method)
}

/** An entry of a merged list, and of the service's own. */
export interface Entry {
  readonly serviceId: string
  /** As the toolset shows it. */
  readonly shown: JsonObject
  readonly own: JsonObject
}

/**
 * The entries of all services that answer in time, in the toolset's order, no name twice. Those that do not are left out,
 * with a note.
 */
export async function gather(ground: Ground, asked: ToolsetRequest, method: ListMethod): Promise<readonly Entry[]> {
  const members = membersOf(asked.service, ground.catalog)
  const found = await Promise.all(
    members.map(async ({ id, service }) => {
      const listed = service === undefined ? 'it is not ready' : await listInTime(ground, asked, service, method)
      if (typeof listed !== 'string') return { id, listed }
      if (!asked.signal.aborted) ground.notes.leftOut(asked.service.id, id, listed)
      return { id, listed: [] }
    }),
  )
  const { key } = lists[method]
  const viewer = viewerOf(asked)
  const seen = new Set<string>()
  return found.flatMap(({ id, listed }) =>
    listed.flatMap((own): Entry[] => {
      const value = own[key]
      if (typeof value !== 'string') return []
      const name = key === 'name' ? mergedName(id, value) : ground.uris.show(viewer, id, value)
      if (seen.has(name)) return []
      seen.add(name)
      // How a tool is run as a task: tasks are not passed on.
      const { execution: _, ...shown } = own
      return [{ serviceId: id, shown: { ...shown, [key]: name }, own }]
    }),
  )
}

/** One page of a merged list, and where the next one begins. */
export function pageOf(entries: readonly Entry[], method: ListMethod, asked: ToolsetRequest, size: number): RpcOutcome {
  const cursor = asked.request.params?.['cursor']
  const from = cursor === undefined ? 0 : startOf(entries, cursor, asked.service.backend.serviceIds)
  if (from === undefined) return rpcError(rpcCodes.invalidParams, 'Invalid cursor')
  const page = entries.slice(from, from + size)
  const next = entries[from + size]
  const { field } = lists[method]
  return {
    result: {
      [field]: page.map(({ shown }) => shown),
      ...(next === undefined ? {} : { nextCursor: encodePlace(placeOf(entries, next)) }),
    },
  }
}

/** The how-manieth entry of its service it is: what other services have may change between two pages. */
function placeOf(entries: readonly Entry[], entry: Entry) {
  const own = entries.filter(({ serviceId }) => serviceId === entry.serviceId)
  return { serviceId: entry.serviceId, offset: own.indexOf(entry) }
}

function startOf(entries: readonly Entry[], cursor: Json, serviceIds: readonly string[]): number | undefined {
  const place = decodePlace(cursor)
  if (place === undefined || !serviceIds.includes(place.serviceId)) return undefined
  const rank = (id: string) => serviceIds.indexOf(id)
  const before = entries.filter(({ serviceId }) => rank(serviceId) < rank(place.serviceId)).length
  const own = entries.filter(({ serviceId }) => serviceId === place.serviceId).length
  return before + Math.min(place.offset, own)
}

/** @returns a sentence where the service cannot be listed now */
async function listInTime(
  ground: Ground,
  asked: ToolsetRequest,
  member: BackendService,
  method: ListMethod,
): Promise<readonly JsonObject[] | string> {
  const late = new AbortController()
  const { promise, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(() => {
    resolve('it did not answer in time')
    late.abort()
  }, ground.limits.listMs)
  const signal = AbortSignal.any([asked.signal, late.signal])
  try {
    return await Promise.race([listAll(ground, { ...asked, signal }, member, method), promise])
  } finally {
    clearTimeout(timer)
  }
}

async function listAll(
  ground: Ground,
  asked: ToolsetRequest,
  member: BackendService,
  method: ListMethod,
): Promise<readonly JsonObject[] | string> {
  const { listPages, listItems } = ground.limits
  const entries: JsonObject[] = []
  let cursor: Json | undefined
  for (let page = 0; page < listPages && entries.length < listItems; page++) {
    const { outcome } = await askMember(ground, quiet(asked), member, { method, params: paramsOf(asked, cursor) })
    if ('error' in outcome) {
      return outcome.error.code === rpcCodes.methodNotFound ? entries : outcome.error.message
    }
    const listed = outcome.result[lists[method].field]
    if (!Array.isArray(listed)) return 'its list is none'
    entries.push(...listed.filter(isJsonObject).slice(0, listItems - entries.length))
    cursor = outcome.result['nextCursor']
    if (typeof cursor !== 'string') break
  }
  return entries
}

function quiet(asked: ToolsetRequest): ToolsetRequest {
  return { ...asked, onNotification: () => {} }
}

/** The client's own `_meta`, but for the progress that cannot be told of many requests as of one. */
function paramsOf({ request }: ToolsetRequest, cursor: Json | undefined): JsonObject {
  const { progressToken: _, ...meta } = metaOf(request.params)
  return {
    ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }),
    ...(cursor === undefined ? {} : { cursor }),
  }
}
