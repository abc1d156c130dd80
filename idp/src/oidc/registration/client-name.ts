import { limits } from '../../limits.ts'

const unnamed = 'Unnamed client'
const mostRounds = 8

/**
 * A name that a stranger gave itself, fit to be shown: one line, no control characters, nothing that is invisible or
 * turns the direction of the text around it, no towers of accents, and no more than `limits.clientName` characters.
 */
export function cleanName(name: string): string {
  let clean = name.slice(0, limits.clientName * 8)
  // What is left out brings together what another round takes out, or composes: two spaces, a letter and its accent.
  for (let round = 0; round < mostRounds; round += 1) {
    const next = cleaned(clean)
    if (next === clean) return clean === '' ? unnamed : clean
    clean = next
  }
  return unnamed
}

function cleaned(name: string): string {
  const line = name
    .normalize('NFC')
    .replace(/[\p{Z}\t\r\n\v\f]+/gu, ' ')
    .replace(/\p{C}|\u115f|\u1160|\u3164|\uffa0|\u034f|\u2800/gu, '')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
  return cutTo(line.trim(), limits.clientName).trim()
}

/** Counted as the contract does, in UTF-16; a character of two units is not cut apart. */
function cutTo(text: string, max: number): string {
  if (text.length <= max) return text
  const cut = text.slice(0, max)
  return cut.isWellFormed() ? cut : cut.slice(0, -1)
}
