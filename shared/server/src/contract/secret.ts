import { z } from 'zod'
import { timeOut } from './scalars.ts'
import { strict } from './validate.ts'

export const secretCreate = strict({}).meta({ id: 'SecretCreate' })

export const secretCreated = z
  .object({ id: z.string(), clientSecret: z.string(), createdAt: timeOut, expiresAt: timeOut.nullable() })
  .meta({ id: 'SecretCreated' })
export type SecretCreated = z.output<typeof secretCreated>

export const secretReply = z
  .object({ id: z.string(), createdAt: timeOut, expiresAt: timeOut.nullable(), lastUsedAt: timeOut.nullable() })
  .meta({ id: 'Secret' })
export type SecretReply = z.output<typeof secretReply>
