/** A member that a schema would pass over without a word. */
const lost = '__proto__'

/**
 * Where `__proto__` is the name of a member, so that it can be refused: zod leaves such a member of a record out, and a
 * rule on a claim of that name would hold for everybody. OpenAPI documents are other people's, are kept as they are, and
 * are not looked into.
 */
export function lostNames(value: unknown): readonly (readonly PropertyKey[])[] {
  const found: PropertyKey[][] = []
  const seen = new Set<unknown>()
  const look = (inner: unknown, path: readonly PropertyKey[]): void => {
    if (typeof inner !== 'object' || inner === null || seen.has(inner)) return
    seen.add(inner)
    const members = Array.isArray(inner) ? inner.entries() : Object.entries(inner)
    for (const [name, member] of members) {
      if (name === lost) found.push([...path, name])
      else if (name !== 'document') look(member, [...path, name])
    }
  }
  look(value, [])
  return found
}
