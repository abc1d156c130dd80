/**
 * A field to spread into an object. Absent where it was not sent; a text of nothing is `none`: null clears what there is,
 * undefined is nothing for what is new.
 */
export function filled(field: string, value: unknown, none: null | undefined): Record<string, unknown> {
  const wanted = value === '' ? none : value
  return wanted === undefined ? {} : { [field]: wanted }
}
