/** The object without some members: those that a patch knows in order to refuse them. */
export function without<T extends object, K extends keyof T>(value: T, ...members: K[]): Omit<T, K> {
  const rest: T = { ...value }
  for (const member of members) delete rest[member]
  return rest
}
