const idPattern = /^[a-z0-9][a-z0-9-]{0,62}$/
const alphabet = '0123456789abcdefghijklmnopqrstuv'
const randomLength = 24

/** Is `text` an id of the contract: 1–63 of a–z, 0–9 and `-`, not starting with `-`? */
export function isId(text: string): boolean {
  return idPattern.test(text)
}

/** Makes an id of 120 random bits, lower case; with a prefix, `<prefix>-<id>`. Throws where the result would be no id. */
export function createId(prefix?: string): string {
  let random = ''
  for (const byte of crypto.getRandomValues(new Uint8Array(randomLength))) random += alphabet.charAt(byte & 31)
  const id = prefix === undefined ? random : `${prefix}-${random}`
  if (!isId(id))
    throw new TypeError('the prefix of an id is at most 38 of a-z, 0-9 and "-", and does not start with "-"')
  return id
}
