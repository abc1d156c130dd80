/** A section of a Markdown page, from its heading to the next one. */
export interface Section {
  /** The heading as it stands there; the first section of a page may have none. */
  readonly heading: string
  readonly level: number
  /** Fenced and indented code, with its fences. */
  readonly blocks: readonly string[]
  /** Paragraphs, tables and lists between the blocks. */
  readonly paragraphs: number
  readonly tableRows: number
  /** Code within the text, and where links lead: each once, sorted. */
  readonly code: readonly string[]
  readonly links: readonly string[]
}

/** Takes a page apart as far as a translation of it has to be the same. */
export function sectionsOf(markdown: string): Section[] {
  const { text, blocks } = takeBlocks(markdown)
  return text
    .split(/^(?=#+ )/m)
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [, marks = '', heading = ''] = /^(#+) (.*)/.exec(part) ?? []
      const body = heading === '' ? part : part.slice(part.indexOf('\n') + 1)
      const pieces = body.split(/\n\s*\n/).filter((piece) => piece.trim() !== '')
      return {
        heading,
        level: marks.length,
        blocks: [...body.matchAll(placeOfBlock)].map(([, at]) => blocks[Number(at)] ?? ''),
        paragraphs: pieces.filter((piece) => !piece.trim().startsWith('\0')).length,
        tableRows: body.match(/^\|/gm)?.length ?? 0,
        code: once([...body.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)),
        links: once([...body.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target)),
      }
    })
}

const placeOfBlock = /\0(\d+)\0/g

/** Puts a mark in the place of each block of code, which may hold what looks like a heading. */
function takeBlocks(markdown: string): { readonly text: string; readonly blocks: readonly string[] } {
  const blocks: string[] = []
  const text = markdown.replaceAll(/^```[\s\S]*?^```$|(?<=\n\n)(?: {4}.*\n)+/gm, (block) => {
    blocks.push(block)
    return `\0${blocks.length - 1}\0${block.endsWith('\n') ? '\n' : ''}`
  })
  return { text, blocks }
}

function once(values: readonly string[]): string[] {
  return [...new Set(values)].sort()
}

/** What a translation has otherwise than its original, a sentence each, which says where. */
export function differences(original: string, translation: string): string[] {
  const [theirs, ours] = [sectionsOf(original), sectionsOf(translation)]
  const found = Array.from({ length: Math.max(theirs.length, ours.length) }, (_, n) =>
    compare(n + 1, theirs[n], ours[n]),
  )
  return found.flat()
}

function compare(number: number, original: Section | undefined, translation: Section | undefined): string[] {
  const where = `section ${number}, "${original?.heading ?? ''}" and "${translation?.heading ?? ''}"`
  if (original === undefined || translation === undefined) return [`${where}: one of them is missing`]
  const blocks = Array.from({ length: Math.max(original.blocks.length, translation.blocks.length) }, (_, n) => {
    const [a, b] = [original.blocks[n], translation.blocks[n]]
    if (a === b) return []
    return [`${where}: block ${n + 1} is not the same, byte for byte, in ${(a ?? b ?? '').split('\n', 2).join(' ')}`]
  })
  const counts = (['level', 'paragraphs', 'tableRows'] as const)
    .filter((what) => original[what] !== translation[what])
    .map((what) => `${where}: ${what} ${original[what]} and ${translation[what]}`)
  const sets = (['code', 'links'] as const).flatMap((what) => [
    ...missing(original[what], translation[what]).map((one) => `${where}: ${what} ${one} is missing in the second`),
    ...missing(translation[what], original[what]).map((one) => `${where}: ${what} ${one} is missing in the first`),
  ])
  return [...blocks.flat(), ...counts, ...sets]
}

function missing(all: readonly string[], some: readonly string[]): string[] {
  return all.filter((one) => !some.includes(one))
}
