import type { Page, PageKey, PageRequest } from '../directory/types.ts'

const pageSize = 100

/** Everything in a list, page by page. */
export async function readAll<T>(list: (page: PageRequest) => Promise<Page<T>>): Promise<readonly T[]> {
  const all: T[] = []
  let after: PageKey | undefined
  for (;;) {
    const page = await list({ limit: pageSize, after })
    all.push(...page.items)
    if (page.next === null) return all
    after = page.next
  }
}
