import type { FieldError } from './validate.ts'

/**
 * A mistake for each item whose key one before it has; undefined is no key.
 *
 * @param field what of the item is named, `.id`; '' for the item itself
 * @param message by the place of the one before
 */
export function repeats<T>(
  items: readonly T[],
  keyOf: (item: T) => unknown,
  field: string,
  message: (first: string) => string,
): FieldError[] {
  const places = new Map<unknown, number>()
  return items.flatMap((item, index): FieldError[] => {
    const key = keyOf(item)
    const first = places.get(key)
    if (key === undefined || first === undefined) {
      places.set(key, index)
      return []
    }
    return [{ field: `[${index}]${field}`, code: 'repeated', message: message(`[${first}]`) }]
  })
}
