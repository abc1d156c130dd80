import autocannon from 'autocannon'
import type { Side } from './side.ts'

/** What a paired run saw: requests per second of each side by round, and the ratio of each round. */
export interface Paired {
  readonly ratio: number
  readonly ratios: readonly number[]
  readonly first: number
  readonly second: number
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 ? high : ((sorted[middle - 1] ?? high) + high) / 2
}

export const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * q) - 1)] ?? Number.NaN

/**
 * Loads two sides in turn (second, first, first, second, …), so that what the machine does beside falls on both, and
 * compares within each round. A response that is not 2xx fails the run: a fast refusal must not count as speed.
 */
export async function paired(first: Side, second: Side, rounds = 7, seconds = 3): Promise<Paired> {
  await load(first, 2)
  await load(second, 2)
  const rows: { first: number; second: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const flipped = round % 2 === 1
    const a = await load(flipped ? second : first, seconds)
    const b = await load(flipped ? first : second, seconds)
    rows.push(flipped ? { first: b, second: a } : { first: a, second: b })
  }
  const ratios = rows.map((row) => row.first / row.second)
  return {
    ratio: median(ratios),
    ratios,
    first: median(rows.map((row) => row.first)),
    second: median(rows.map((row) => row.second)),
  }
}

async function load(side: Side, seconds: number): Promise<number> {
  const result = await autocannon({
    url: side.url,
    method: side.method,
    headers: side.headers,
    ...(side.body === undefined ? {} : { body: side.body }),
    connections: 16,
    duration: seconds,
  })
  if (result.non2xx || result.errors) {
    throw new Error(`${side.name}: ${result.non2xx} answers that were not 2xx and ${result.errors} errors`)
  }
  return result.requests.average
}
