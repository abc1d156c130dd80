import { limits } from '../../limits.ts'

export interface FeedQuery {
  /** The place that is known already; 0: nothing is. */
  readonly after: number
  /** Seconds to wait for news. */
  readonly wait: number
}

const wholeNumber = /^(0|[1-9]\d{0,15})$/

/** Reads what is asked of the feed. A sentence with the mend where that is malformed. */
export function readFeedQuery(query: string): FeedQuery | { readonly problem: string } {
  const params = new URLSearchParams(query)
  for (const name of params.keys()) {
    if (params.getAll(name).length > 1) return { problem: 'send each parameter once' }
  }
  const after = params.get('after') ?? '0'
  const wait = params.get('wait') ?? '0'
  if (!wholeNumber.test(after) || !Number.isSafeInteger(Number(after))) {
    return { problem: 'after is the seq of an earlier statement; send that number, or leave it out' }
  }
  if (!wholeNumber.test(wait) || Number(wait) > limits.revocationWait) {
    return { problem: `wait is a number of seconds from 0 to ${limits.revocationWait}` }
  }
  return { after: Number(after), wait: Number(wait) }
}
