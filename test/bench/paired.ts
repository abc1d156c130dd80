import autocannon from 'autocannon'
import { load as send } from './load.ts'
import type { Side } from './side.ts'

/** What a paired run saw: requests per second of each side by round, and the ratio of each round. */
export interface Paired {
  readonly ratio: number
  readonly ratios: readonly number[]
  readonly first: number
  readonly second: number
  /** Processor time of each side's process by answer, in µs; NaN where the system does not tell. */
  readonly cpu?: readonly [number, number]
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

export interface Alternation {
  readonly rounds?: number
  readonly seconds?: number
  /** See `load`. */
  readonly tokens?: readonly string[]
}

/** Compares two sides in many short rounds, after a warm-up. */
export async function alternate(
  first: Side,
  second: Side,
  { rounds = 41, seconds = 0.5, tokens }: Alternation = {},
): Promise<Paired> {
  const spent = new Map<Side, { readonly answers: number; readonly cpuMs: number }>()
  const rate = (side: Side, length: number) => async (): Promise<number> => {
    const before = await side.cpuMs()
    const loaded = await send(side, { seconds: length, ...(tokens === undefined ? {} : { tokens }) })
    const sum = spent.get(side) ?? { answers: 0, cpuMs: 0 }
    const cpuMs = sum.cpuMs + (await side.cpuMs()) - before
    spent.set(side, { answers: sum.answers + loaded.answers, cpuMs })
    return loaded.answers / loaded.seconds
  }
  const cpuOf = (side: Side): number => {
    const { answers, cpuMs } = spent.get(side) ?? { answers: 0, cpuMs: 0 }
    return (1000 * cpuMs) / answers
  }
  // By requests rather than by time: on a busy machine a second is too short for code to be compiled.
  const warmUp = { requests: 6000, ...(tokens === undefined ? {} : { tokens }) }
  for (const side of [first, second, second, first]) await send(side, warmUp)
  spent.clear()
  const seen = await compare(rate(first, seconds), rate(second, seconds), rounds)
  return { ...seen, cpu: [cpuOf(first), cpuOf(second)] }
}

/** Runs two measurements in turn (first, second, second, first, …) and compares them within each round. */
export async function compare(
  first: () => Promise<number>,
  second: () => Promise<number>,
  rounds: number,
): Promise<Paired> {
  const rows: { readonly first: number; readonly second: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) rows.push({ first: await first(), second: await second() })
    else {
      const before = await second()
      rows.push({ first: await first(), second: before })
    }
  }
  const ratios = rows.map((row) => row.first / row.second)
  return {
    ratio: median(ratios),
    ratios,
    first: median(rows.map((row) => row.first)),
    second: median(rows.map((row) => row.second)),
  }
}

/** How far the ratios of a run lie apart, and how fast the two sides were. */
export function spread({ ratios, first, second, cpu }: Paired): string {
  const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)]
  const rounds = `half of ${ratios.length} rounds within ${low.toFixed(2)}–${high.toFixed(2)}`
  const rates = `${Math.round(first)} and ${Math.round(second)} requests/s`
  if (cpu === undefined || cpu.some(Number.isNaN)) return `${rounds}; ${rates}`
  return `${rounds}; ${rates}; ${cpu.map((one) => one.toFixed(0)).join(' and ')} µs of processor time a request`
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
