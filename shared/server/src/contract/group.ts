import { z } from 'zod'
import { limits } from '../limits.ts'
import { clearable, description, id, immutable, name, timeOut } from './scalars.ts'
import { strict } from './validate.ts'

/** Where a group stands among those of a user: the lowest comes first in the claim. */
export const precedence = z.number().int().min(0).max(limits.precedenceMax)

export const groupFields = {
  id: id.exactOptional(),
  name,
  description: description.exactOptional(),
  precedence: precedence.exactOptional(),
}

export const groupCreate = strict(groupFields).meta({ id: 'GroupCreate' })
export type GroupCreate = z.output<typeof groupCreate>

export const groupPatch = strict({
  name: name.exactOptional(),
  description: clearable(description),
  precedence: clearable(precedence),
  id: immutable('make another group'),
}).meta({ id: 'GroupPatch' })
export type GroupPatch = z.output<typeof groupPatch>

export const groupReply = z
  .object({
    id,
    name: z.string(),
    description: z.string().exactOptional(),
    precedence: precedence.exactOptional(),
    createdAt: timeOut,
    updatedAt: timeOut,
  })
  .meta({ id: 'Group' })
export type GroupReply = z.output<typeof groupReply>
