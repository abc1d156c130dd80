/** What a merge patch (RFC 7396) makes of one field: absent keeps, null falls back, a value replaces. */
export function merged<T>(patch: T | null | undefined, present: T, fallback: T): T {
  if (patch === undefined) return present
  return patch ?? fallback
}

/** The same for a field that is an object: its members are merged one by one, null falls back to that of `fallback`. */
export function mergedObject<T extends object>(
  patch: { readonly [K in keyof T]?: T[K] | null | undefined } | null | undefined,
  present: T,
  fallback: T,
): T {
  if (patch === undefined) return present
  const result = { ...(patch === null ? fallback : present) }
  for (const key of Object.keys(patch ?? {}) as (keyof T)[]) {
    const value = patch?.[key]
    if (value === undefined) continue
    if (value !== null) result[key] = value as T[keyof T]
    else if (fallback[key] === undefined) delete result[key]
    else result[key] = fallback[key]
  }
  return result
}

/** Are two rows of columns equal? */
export function sameColumns(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Are two lists the same set? */
export function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}
