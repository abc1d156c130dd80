import { limits } from '../../limits.ts'

/** What no name is: texts that can be none are all the same unknown one. */
const noName = '?'

// Each round of folding may bring forth what another one folds: a compatibility form that is a space, or a digit.
const mostRounds = 6

/**
 * A name to sign in with as it is compared: without case, and with compatibility forms (full width, ligatures)
 * resolved, until nothing changes any more. Upper case first, for some letters meet only there (the two small sigmas,
 * ß and ss). A phone number may be typed with spaces, hyphens, dots and brackets.
 */
export function nameKey(name: string): string {
  if (name.length > limits.nameLength || /[\p{Cc}\p{Cs}]/u.test(name)) return noName
  let key = name
  for (let round = 0; round < mostRounds; round += 1) {
    const next = fold(key)
    if (next === key) return key.length > limits.nameLength ? noName : key
    key = next
  }
  return noName
}

function fold(text: string): string {
  const trimmed = text.trim()
  if (/^\+[0-9 ().-]+$/.test(trimmed)) return trimmed.replace(/[^+0-9]/g, '')
  return trimmed.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')
}
