/** The name of the list that is closest to a mistyped one, if any is close; else one that is a part of it, or it of that. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  return (
    closest(name.toLowerCase(), known) ?? known.find((candidate) => isPart(name, candidate) || isPart(candidate, name))
  )
}

function isPart(part: string, whole: string): boolean {
  return part.length > 3 && whole.toLowerCase().includes(part.toLowerCase())
}

function closest(typed: string, known: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(typed, candidate.toLowerCase())
    if (distance < (best?.distance ?? 1 + Math.ceil(candidate.length / 3))) best = { name: candidate, distance }
  }
  return best?.name
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
