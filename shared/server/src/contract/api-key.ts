import { z } from 'zod'
import { limits } from '../limits.ts'
import { clearable, name, refused, scopeList, text, time, timeOut, uniqueList } from './scalars.ts'
import { strict } from './validate.ts'

export const toolList = uniqueList(text(limits.toolName), limits.apiKeyTools)

export const apiKeyFields = {
  name,
  expiresAt: time.exactOptional(),
  tools: toolList.exactOptional(),
  scopes: scopeList.exactOptional(),
}

const ownValue = 'keys are made by Postern; remove it (a seed file may bring one)'

export const apiKeyCreate = strict({
  ...apiKeyFields,
  key: refused(ownValue),
  keyHash: refused(ownValue),
}).meta({ id: 'ApiKeyCreate' })
export type ApiKeyCreate = z.output<typeof apiKeyCreate>

/** Gives a key a new value; the one before it stays good for a while. */
export const apiKeyRotate = strict({
  grace: z.number().int().min(0).max(limits.apiKeyGraceMax).default(limits.apiKeyGrace).meta({
    description: 'Seconds for which the value of now stays good beside the new one. 0: it ends at once.',
  }),
  expiresAt: clearable(time),
  key: refused(ownValue),
  keyHash: refused(ownValue),
}).meta({ id: 'ApiKeyRotate' })
export type ApiKeyRotate = z.output<typeof apiKeyRotate>

export const apiKeyReply = z
  .object({
    id: z.string(),
    name,
    key: z.string().exactOptional().meta({ description: 'In the answer to POST only.' }),
    hint: z.string(),
    tools: z.array(z.string()).exactOptional(),
    scopes: z.array(z.string()).exactOptional(),
    expiresAt: timeOut.nullable(),
    createdAt: timeOut,
    lastUsedAt: timeOut.nullable(),
    previous: z
      .object({ hint: z.string(), expiresAt: timeOut, lastUsedAt: timeOut.nullable() })
      .exactOptional()
      .meta({ description: 'The value before the last rotation, while it is good.' }),
  })
  .meta({ id: 'ApiKey' })
export type ApiKeyReply = z.output<typeof apiKeyReply>
