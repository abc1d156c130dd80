/** Runs `load` for a key unless one for that key is under way already, whose outcome is then shared. */
export type SingleFlight<V> = (key: string, load: () => Promise<V>) => Promise<V>

export interface SingleFlightOptions {
  /**
   * How long one that somebody else began is waited for before it is taken for lost, and begun anew. Milliseconds. Default
   * for ever, which is right where work goes on until it is done. Some runtimes (Workers) end it with the request that
   * began it, and who waits for it then would wait for nothing.
   */
  readonly patienceMs?: number
}

type Outcome<V> = { readonly value: V } | { readonly error: unknown }

interface Flight<V> {
  /** Never rejects, unless a runtime has lost it. */
  readonly outcome: Promise<Outcome<V>>
  /** Of `performance.now`, which no test clock moves. */
  readonly until: number
}

/** Makes a guard against herds: however many ask at once, one loads. Nothing is kept after it has settled. */
export function createSingleFlight<V>(options: SingleFlightOptions = {}): SingleFlight<V> {
  const { patienceMs = Number.POSITIVE_INFINITY } = options
  const flights = new Map<string, Flight<V>>()
  const forget = (key: string, flight: Flight<V>): void => {
    if (flights.get(key) === flight) flights.delete(key)
  }
  const begin = (key: string, load: () => Promise<V>): Flight<V> => {
    const outcome = start(load).finally(() => forget(key, flight))
    const flight = { outcome, until: performance.now() + patienceMs }
    flights.set(key, flight)
    return flight
  }
  return async (key, load) => {
    for (;;) {
      const flying = flights.get(key)
      if (flying === undefined) return reveal(await begin(key, load).outcome)
      const outcome = await outcomeIn(flying)
      if (outcome !== undefined) return reveal(outcome)
      forget(key, flying)
    }
  }
}

// Async, so that a `load` which throws at once fails like any other.
async function start<V>(load: () => Promise<V>): Promise<Outcome<V>> {
  try {
    return { value: await load() }
  } catch (error) {
    return { error }
  }
}

function reveal<V>(outcome: Outcome<V>): V {
  if ('error' in outcome) throw outcome.error
  return outcome.value
}

/** Undefined where there will be none. */
async function outcomeIn<V>({ outcome, until }: Flight<V>): Promise<Outcome<V> | undefined> {
  if (until === Number.POSITIVE_INFINITY) return outcome
  let timer: ReturnType<typeof setTimeout> | undefined
  const end = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, until - performance.now()))
  })
  try {
    return await Promise.race([outcome, end])
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
