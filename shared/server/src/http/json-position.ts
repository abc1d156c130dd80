/**
 * Where a text stops being JSON: `line 3, column 7`. V8 tells the position of some mistakes only, so it is found as the
 * end of the longest part that could still become JSON.
 */
export function jsonPosition(text: string): string {
  let good = 0
  let bad = text.length + 1
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (isBeginning(text.slice(0, middle))) good = middle
    else bad = middle
  }
  const lines = text.slice(0, good).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`
}

/** Whether something can follow that makes it JSON: then it goes wrong at its very end, or not at all. */
function isBeginning(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const position = /at position (\d+)/.exec(message)?.[1]
    return position === undefined ? message === 'Unexpected end of JSON input' : Number(position) === text.length
  }
}
