import { isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml'

/** What a text says, or what is wrong with it: where the sentence began with "the document". */
export type ParsedYaml = { readonly value: unknown } | { readonly fault: string }

/** Reads YAML without types of its own (dates and the like). No name is there twice. May take long. */
export function parseYaml(text: string, maxAliasCount: number): ParsedYaml {
  const lines = new LineCounter()
  // Comparing each key of a map with each other one takes long; `repeatedKey` does not.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, schema: 'core', prettyErrors: false })
  const [mistake] = document.errors
  if (mistake !== undefined) {
    const { line, col } = lines.linePos(mistake.pos[0])
    return { fault: `it is neither JSON nor YAML (line ${line}, column ${col}): ${mistake.message}` }
  }
  const repeated = repeatedKey(document, lines)
  if (repeated !== undefined) return { fault: repeated }
  try {
    return { value: document.toJS({ maxAliasCount }) }
  } catch {
    return { fault: 'it has too many YAML aliases, or one that leads nowhere; write what they stand for' }
  }
}

function repeatedKey(document: ReturnType<typeof parseDocument>, lines: LineCounter): string | undefined {
  let found: string | undefined
  visit(document, {
    Map(_key, map) {
      if (!isMap(map)) return undefined
      const seen = new Set<string>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        if (seen.has(name)) {
          const { line } = lines.linePos(key.range?.[0] ?? 0)
          found = `line ${line} has \`${name.slice(0, 100)}\` a second time; remove one of the two`
          return visit.BREAK
        }
        seen.add(name)
      }
      return undefined
    },
  })
  return found
}
