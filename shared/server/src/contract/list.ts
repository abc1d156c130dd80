import { z } from 'zod'
import { limits } from '../limits.ts'
import { strict } from './validate.ts'

const limit = z
  .string()
  .regex(/^[0-9]{1,6}$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.number().int().min(1).max(limits.pageSizeMax))
  .default(limits.pageSize)

/** The two query parameters of every list. */
export const listFields = { limit, cursor: z.string().min(1).max(limits.cursor).exactOptional() }

export const listQuery = strict(listFields)
export type ListQuery = z.output<typeof listQuery>

/** `{items, nextCursor}`. */
export function listReply<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() })
}

/** A list that fits one page. */
export function itemsReply<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item) })
}
