import { decodeCursor, encodeCursor, limits, tags } from '@postern/server'
import type { z } from 'zod'
import type { Service, ServiceRoom } from '../catalog/types.ts'
import type { listServices } from './schemas.ts'

type Input = z.output<typeof listServices>
/** A service or toolset as it is shown, as far as filters look at it. */
interface Answer {
  readonly Name: string
  readonly ProjectName: string
  readonly Tags: unknown
}

/** All of a room. */
export function allOf({ list }: Pick<ServiceRoom, 'list'>): Service[] {
  const items: Service[] = []
  let after: Parameters<typeof list>[1]
  do {
    const page = list(100, after)
    items.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined)
  return items
}

/** Filters, then cuts a page: by its number, or by the token of the page before. The newest come first. */
export function chosen<A extends Answer>(all: readonly Service[], input: Input, shown: (service: Service) => A) {
  const matching = all
    .toSorted(newestFirst)
    .map((service) => ({ service, answer: shown(service) }))
    .filter(({ answer }) => isAskedFor(answer, input))
  const size = input.MaxResults ?? input.PageSize ?? limits.pageSize
  const from = input.NextToken ? startAfter(matching, input.NextToken) : ((input.PageNumber ?? 1) - 1) * size
  const page = matching.slice(from, from + size)
  const last = page.at(-1)?.service
  const hasMore = last !== undefined && from + size < matching.length
  const NextToken = hasMore ? encodeCursor([last.createdAt, last.id]) : ''
  return { items: page.map(({ answer }) => answer), facts: { NextToken, TotalCount: matching.length } }
}

type Place = Pick<Service, 'createdAt' | 'id'>

function newestFirst(a: Place, b: Place): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** Services come and go between two pages: the next begins behind a place, whoever was there. */
function startAfter(items: readonly { readonly service: Service }[], token: string): number {
  const [createdAt, id] = decodeCursor(token, ['number', 'string'])
  const index = items.findIndex(({ service }) => newestFirst(service, { createdAt, id }) > 0)
  return index === -1 ? items.length : index
}

function isAskedFor(answer: Answer, { ProjectName, Filters = [], TagFilters = [] }: Input): boolean {
  if (ProjectName !== undefined && ProjectName !== '' && answer.ProjectName !== ProjectName) return false
  return Filters.every((filter) => meets(answer, filter)) && hasTags(answer.Tags, TagFilters)
}

type Filter = NonNullable<Input['Filters']>[number]

function meets(answer: Answer, { Name, NameContains, Values }: Filter): boolean {
  if (NameContains && !answer.Name.toLowerCase().includes(NameContains.toLowerCase())) return false
  if (Name == null || Values == null || Values.length === 0) return true
  return Values.includes(String(Reflect.get(answer, Name)))
}

function hasTags(given: unknown, filters: NonNullable<Input['TagFilters']>): boolean {
  const found = tags.safeParse(given)
  const own = found.success ? found.data : []
  return filters.every(({ Key, Values }) =>
    own.some((tag) => tag.Key === Key && (!Values?.length || Values.includes(tag.Value ?? ''))),
  )
}
