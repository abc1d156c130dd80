/** How many requests of each caller are under way. Callers with none take no memory. */
export interface Places {
  /** Takes places; undefined where that would be more than `most`. What it gives releases them, once. */
  take(caller: string, count: number, most: number): (() => void) | undefined
  readonly size: number
}

export function createPlaces(): Places {
  const taken = new Map<string, number>()
  return {
    get size() {
      return taken.size
    },
    take(caller, count, most) {
      const now = (taken.get(caller) ?? 0) + count
      if (now > most) return undefined
      taken.set(caller, now)
      let held = count
      return () => {
        const rest = (taken.get(caller) ?? 0) - held
        held = 0
        if (rest > 0) taken.set(caller, rest)
        else taken.delete(caller)
      }
    },
  }
}
