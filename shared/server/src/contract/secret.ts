import { z } from 'zod'
import { time, timeOut } from './scalars.ts'
import { strict } from './validate.ts'

export const secretCreate = strict({ expiresAt: time.exactOptional() }).meta({ id: 'SecretCreate' })
export type SecretCreate = z.output<typeof secretCreate>

export const secretCreated = z
  .object({ id: z.string(), clientSecret: z.string(), createdAt: timeOut, expiresAt: timeOut.nullable() })
  .meta({ id: 'SecretCreated' })
export type SecretCreated = z.output<typeof secretCreated>

export const secretReply = z
  .object({ id: z.string(), createdAt: timeOut, expiresAt: timeOut.nullable(), lastUsedAt: timeOut.nullable() })
  .meta({ id: 'Secret' })
export type SecretReply = z.output<typeof secretReply>
