/** Where a value stands in a template: between tags, in a quoted attribute, or between attributes. */
export type Hole = 'text' | 'quoted' | 'tag'

type State = 'text' | 'tag' | 'double' | 'single'

const known = new WeakMap<TemplateStringsArray, readonly Hole[]>()

/**
 * The places of a template's values; looked for once for each template.
 *
 * @throws TypeError for a place in which no escape makes a value safe
 */
export function holesOf(strings: TemplateStringsArray): readonly Hole[] {
  const found = known.get(strings)
  if (found !== undefined) return found
  const holes = findHoles(strings)
  known.set(strings, holes)
  return holes
}

function findHoles(strings: readonly string[]): Hole[] {
  const holes: Hole[] = []
  let state: State = 'text'
  for (const [index, text] of strings.entries()) {
    refuseOpaque(text)
    state = walk(text, state)
    if (index < strings.length - 1) holes.push(holeAt(state, text))
  }
  if (state !== 'text') throw new TypeError('the template ends inside a tag')
  return holes
}

/** What an HTML parser reads by rules of its own; pages need none of it. */
function refuseOpaque(text: string): void {
  if (/<(?:!--|script|style|textarea|template|iframe|noscript|xmp|plaintext)/i.test(text)) {
    throw new TypeError('comments, scripts, styles and other elements with rules of their own cannot be in a template')
  }
}

function walk(text: string, from: State): State {
  let state = from
  for (const character of text) state = next(state, character)
  return state
}

function next(state: State, character: string): State {
  switch (state) {
    case 'text':
      return character === '<' ? 'tag' : 'text'
    case 'tag':
      if (character === '>') return 'text'
      if (character === '"') return 'double'
      return character === "'" ? 'single' : 'tag'
    case 'double':
      return character === '"' ? 'tag' : 'double'
    case 'single':
      return character === "'" ? 'tag' : 'single'
  }
}

function holeAt(state: State, before: string): Hole {
  if (state === 'text') return 'text'
  if (state !== 'tag') return quoted(before)
  if (!/\s$/.test(before)) throw new TypeError('a value cannot be a name or an unquoted attribute; quote it')
  return 'tag'
}

/** Links and handlers are left to `attributes`, which looks at what they hold. */
function quoted(before: string): Hole {
  if (/\s(?:on\w+|style|srcdoc|href|src|action|formaction)\s*=\s*["'][^"']*$/i.test(before)) {
    throw new TypeError('addresses are given through attributes(), handlers and styles not at all')
  }
  return 'quoted'
}
