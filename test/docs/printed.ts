import assert from 'node:assert/strict'

/** What a page says that a program prints is there, in that order. `place` is that of the page: `docs/access.md:12`. */
export function assertPrinted(printed: string, expected: string, place: string): void {
  let at = 0
  for (const text of expected.split('\n')) {
    const found = printed.indexOf(text, at)
    assert.notEqual(found, -1, `${place}: not printed, or not there: ${text}\n${printed}`)
    at = found + text.length
  }
}
