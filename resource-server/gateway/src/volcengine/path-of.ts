import { checkedAs, servicePath } from '@postern/server'
import { z } from 'zod'

/** What a request's Path adds to the place of what it makes; `/` is the place itself. */
export function pathOf(path: string, words: Parameters<typeof checkedAs>[2]): string {
  return path === '/' || path === '' ? '' : checkedAs(z.object({ path: servicePath }), { path }, words).path
}
