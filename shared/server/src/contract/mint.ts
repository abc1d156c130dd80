import { z } from 'zod'
import { id, resourceId, scopeList, ttl } from './scalars.ts'
import { strict } from './validate.ts'

export const mintRequest = strict({
  clientId: id,
  resource: resourceId.exactOptional(),
  scopes: scopeList.exactOptional(),
  ttl: ttl.exactOptional(),
}).meta({ id: 'MintRequest' })
export type MintRequest = z.output<typeof mintRequest>

export const mintReply = z
  .object({ accessToken: z.string(), expiresIn: z.number().int(), tokenType: z.literal('Bearer') })
  .meta({ id: 'MintedToken' })
export type MintReply = z.output<typeof mintReply>
