import { parseJson } from '@postern/core'
import { WireError } from '@postern/server'

/**
 * Ids as whoever wrote the request had them at hand: a list, a JSON list, or a text with commas.
 *
 * @throws WireError `InvalidParameter.<field>`
 */
export function idsOf(value: string | readonly string[], field: string): string[] {
  const list = typeof value === 'string' ? fromText(value) : value
  if (list?.every((id) => typeof id === 'string')) return list.map((id) => id.trim())
  throw new WireError(
    `InvalidParameter.${field}`,
    400,
    `${field}: must be ids: a list, a JSON list, or a text with commas`,
  )
}

function fromText(text: string): readonly unknown[] | undefined {
  if (!text.trimStart().startsWith('[')) return text.split(',')
  try {
    const parsed = parseJson(text)
    return Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
