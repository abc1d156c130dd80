/** A member to spread into an object: absent where nothing is set. */
export function given<K extends string, T>(key: K, value: T | null | undefined): { [P in K]?: T } {
  return value === null || value === undefined ? {} : ({ [key]: value } as { [P in K]: T })
}
