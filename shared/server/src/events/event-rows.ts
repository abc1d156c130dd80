import type { EventInput, PosternEvent } from '@postern/core'
import { limits } from '../limits.ts'
import type { EventTable } from '../store/server-tables.ts'

/** The columns, in the order in which a row's values are bound. */
export const eventColumns = [
  'id',
  'time',
  'kind',
  'outcome',
  'reason',
  'request_id',
  'pool_id',
  'client_id',
  'subject_hash',
  'resource',
  'service_id',
  'token_hash',
  'tool',
  'api_key_name',
  'arguments',
  'status',
  'duration_ms',
] as const satisfies readonly (keyof EventTable)[]

/** An event that waits to be written. */
export interface Pending {
  id: string
  time: number
  event: EventInput
}

/** The values of a row, in the order of {@link eventColumns}. */
export function bindEvent({ id, time, event }: Pending): (string | number | null)[] {
  return [
    id,
    time,
    event.kind,
    event.outcome,
    event.reason,
    text(event.requestId),
    text(event.poolId),
    text(event.clientId),
    text(event.subjectHash),
    text(event.resource),
    text(event.serviceId),
    text(event.tokenHash),
    text(event.tool),
    text(event.apiKeyName),
    text(event.arguments, limits.eventArguments),
    event.status ?? null,
    event.durationMs === undefined ? null : Math.round(event.durationMs * 1000) / 1000,
  ]
}

/** Names in an event come from callers too: an unknown client id, a tool that does not exist. */
function text(value: string | undefined, longest: number = limits.eventText): string | null {
  if (value === undefined) return null
  const short = value.length > longest ? value.slice(0, longest) : value
  // Postgres takes neither NUL nor half a surrogate pair.
  return short.isWellFormed() && !short.includes('\0') ? short : short.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** An event as it is answered. */
export function readEvent(row: EventTable): PosternEvent {
  return {
    id: row.id,
    time: new Date(row.time).toISOString(),
    kind: row.kind as PosternEvent['kind'],
    outcome: row.outcome as PosternEvent['outcome'],
    reason: row.reason as PosternEvent['reason'],
    ...(row.request_id === null ? {} : { requestId: row.request_id }),
    ...(row.pool_id === null ? {} : { poolId: row.pool_id }),
    ...(row.client_id === null ? {} : { clientId: row.client_id }),
    ...(row.subject_hash === null ? {} : { subjectHash: row.subject_hash }),
    ...(row.resource === null ? {} : { resource: row.resource }),
    ...(row.service_id === null ? {} : { serviceId: row.service_id }),
    ...(row.token_hash === null ? {} : { tokenHash: row.token_hash }),
    ...(row.tool === null ? {} : { tool: row.tool }),
    ...(row.api_key_name === null ? {} : { apiKeyName: row.api_key_name }),
    ...(row.arguments === null ? {} : { arguments: row.arguments }),
    ...(row.status === null ? {} : { status: row.status }),
    ...(row.duration_ms === null ? {} : { durationMs: row.duration_ms }),
  }
}
