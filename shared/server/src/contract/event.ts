import { eventKinds, outcomes, type Reason, reasons } from '@postern/core'
import { z } from 'zod'
import { limits } from '../limits.ts'
import { listFields } from './list.ts'
import { time } from './scalars.ts'
import { strict } from './validate.ts'

const reasonNames = Object.keys(reasons).filter((name): name is Reason => Object.hasOwn(reasons, name))

/** Query of GET /events. */
export const eventQuery = strict({
  kind: z.enum(eventKinds).exactOptional(),
  outcome: z.enum(outcomes).exactOptional(),
  reason: z.enum(reasonNames).exactOptional(),
  clientId: z.string().min(1).max(limits.name).exactOptional(),
  serviceId: z.string().min(1).max(limits.name).exactOptional(),
  since: time.exactOptional(),
  ...listFields,
})
export type EventQuery = z.output<typeof eventQuery>

export const eventReply = z
  .object({
    id: z.string(),
    time: z.iso.datetime(),
    kind: z.enum(eventKinds),
    outcome: z.enum(outcomes),
    reason: z.enum(reasonNames),
    requestId: z.string().exactOptional(),
    poolId: z.string().exactOptional(),
    clientId: z.string().exactOptional(),
    subjectHash: z.string().exactOptional(),
    resource: z.string().exactOptional(),
    serviceId: z.string().exactOptional(),
    tokenHash: z.string().exactOptional(),
    tool: z.string().exactOptional(),
    apiKeyName: z.string().exactOptional(),
    arguments: z.string().exactOptional(),
    status: z.number().int().exactOptional(),
    durationMs: z.number().exactOptional(),
  })
  .meta({ id: 'Event' })
