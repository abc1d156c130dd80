import { z } from 'zod'
import { validate } from '../contract/validate.ts'
import { DomainError } from '../domain-error.ts'
import { limits } from '../limits.ts'
import { asWireError, type RefusalWords, type Spellings } from './answer-errors.ts'
import { wireError } from './wire-error.ts'

/** Our names of fields by the originals': `{ Name: 'name' }`. */
export type FieldNames = Readonly<Record<string, string>>

/** The other way round, for refusals. */
export function spellingsOf(names: FieldNames): Spellings {
  return Object.fromEntries(Object.entries(names).map(([theirs, ours]) => [ours, theirs]))
}

/** What of an input has a name here, under that name; and the rest of it, which is kept as it is. */
export function split(input: Readonly<Record<string, unknown>>, names: FieldNames) {
  const named: Record<string, unknown> = {}
  const rest: Record<string, unknown> = Object.create(null)
  for (const [field, value] of Object.entries(input)) {
    const ours = Object.hasOwn(names, field) ? names[field] : undefined
    if (ours === undefined) rest[field] = value
    else named[ours] = value
  }
  return { named, rest }
}

/**
 * A value by the contract's own schema, so that its rules stand once.
 *
 * @throws WireError in the originals' spelling
 */
export function checkedAs<S extends z.ZodType>(schema: S, value: unknown, words: RefusalWords): z.output<S> {
  const checked = validate(schema, value)
  if (checked.ok) return checked.value
  throw asWireError(new DomainError('invalid', 'invalid_request', 'the request is wrong', checked.errors), words)
}

/** @throws WireError when what has no meaning here is more than is kept of it */
export function kept(rest: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (JSON.stringify(rest).length <= limits.wireKept) return rest
  throw wireError(
    'InvalidParameter',
    `fields that are only kept are longer than ${limits.wireKept} characters; send less`,
  )
}

export const tags = z.array(z.looseObject({ Key: z.string(), Value: z.string().nullish() })).max(limits.wireTags)

const count = z.number().int().min(1)

/** Fields of a list by numbers. */
export const numberedPage = {
  PageNumber: count,
  PageSize: count.max(limits.pageSizeMax),
  SortField: z.string().exactOptional(),
  SortDirection: z.string().exactOptional(),
}

export interface NumberedPage {
  readonly PageNumber: number
  readonly PageSize: number
  readonly SortField?: string
  readonly SortDirection?: string
}

/** Cuts a page out of all items. The newest come first unless the request says otherwise. */
export function numbered<T extends { readonly createdAt: number; readonly updatedAt: number; readonly name: string }>(
  items: readonly T[],
  { PageNumber, PageSize, SortField, SortDirection }: NumberedPage,
) {
  const keyOf = (item: T) =>
    SortField === 'Name' ? item.name : SortField === 'UpdateTime' ? item.updatedAt : item.createdAt
  const sign = SortDirection?.toLowerCase() === 'asc' ? 1 : -1
  const sorted = items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -sign : keyOf(a) > keyOf(b) ? sign : 0))
  const from = (PageNumber - 1) * PageSize
  return { items: sorted.slice(from, from + PageSize), facts: { PageNumber, PageSize, TotalCount: items.length } }
}
