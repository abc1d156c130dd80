const longest = 200

/**
 * Text of a stranger, such as the name a client gave itself, for one line on a page: without line breaks, control
 * characters and what turns the direction of writing or cannot be seen, and of a bearable length.
 */
export function displayText(text: string, limit: number = longest): string {
  const visible = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/\p{Cf}/gu, '')
    .trim()
  const characters = Array.from(visible)
  return characters.length <= limit ? visible : `${characters.slice(0, limit - 1).join('')}…`
}

/** Text of a stranger in which a mistake is to be found: what cannot be seen is written as its code point. */
export function codeText(text: string): string {
  const code = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`
  return text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, code)
}
