/** Runs `load` for a key unless one for that key is under way already, whose outcome is then shared. */
export type SingleFlight<V> = (key: string, load: () => Promise<V>) => Promise<V>

/** Makes a guard against herds: however many ask at once, one loads. Nothing is kept after it has settled. */
export function createSingleFlight<V>(): SingleFlight<V> {
  const flights = new Map<string, Promise<V>>()
  return (key, load) => {
    const flying = flights.get(key)
    if (flying !== undefined) return flying
    const flight = start(load).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}

// Async, so that a `load` which throws at once rejects like any other.
async function start<V>(load: () => Promise<V>): Promise<V> {
  return await load()
}
