import { z } from 'zod'
import { listFields } from './list.ts'
import { id, timeOut } from './scalars.ts'
import { strict } from './validate.ts'

export const codeKinds = ['confirmation', 'recovery'] as const
export const codeKind = z.enum(codeKinds)
export type CodeKind = z.output<typeof codeKind>

export const channel = z.enum(['email', 'phone'])
export type Channel = z.output<typeof channel>

export const outboxQuery = strict({
  poolId: id.exactOptional(),
  userId: id.exactOptional(),
  kind: codeKind.exactOptional(),
  ...listFields,
})
export type OutboxQuery = z.output<typeof outboxQuery>

/** A message that would have been sent; development only. */
export const outboxReply = z
  .object({
    id,
    poolId: id,
    userId: id,
    channel,
    to: z.string(),
    kind: codeKind,
    code: z.string(),
    createdAt: timeOut,
    expiresAt: timeOut,
  })
  .meta({ id: 'OutboxMessage' })
export type OutboxReply = z.output<typeof outboxReply>
