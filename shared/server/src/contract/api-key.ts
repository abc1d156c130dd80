import { z } from 'zod'
import { limits } from '../limits.ts'
import { name, refused, scopeList, text, time, timeOut, uniqueList } from './scalars.ts'
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
  })
  .meta({ id: 'ApiKey' })
export type ApiKeyReply = z.output<typeof apiKeyReply>
