import type { Page, PageRequest } from '../directory/types.ts'

/** All items of a list, for lists that are paged by numbers, sorted and filtered here. */
export async function every<T>(list: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let after: PageRequest['after']
  do {
    const page = await list({ limit: 100, after })
    items.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined)
  return items
}

/** Does a text hold what a filter asks for? An absent filter asks for nothing. */
export function holds(text: string | null | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || (text ?? '').toLowerCase().includes(wanted.toLowerCase())
}
