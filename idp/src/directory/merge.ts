/** What a merge patch (RFC 7396) makes of one field: absent keeps, null falls back, a value replaces. */
export function merged<T>(patch: T | null | undefined, present: T, fallback: T): T {
  if (patch === undefined) return present
  return patch ?? fallback
}

/** Are two rows of columns equal? */
export function sameColumns(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Are two lists the same set? */
export function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item))
}
