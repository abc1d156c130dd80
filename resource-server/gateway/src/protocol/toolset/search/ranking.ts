import { createHash } from 'node:crypto'
import MiniSearch from 'minisearch'
import { isJsonObject } from '../../../backends/json-rpc.ts'
import type { ToolsetLimits } from '../../../limits.ts'
import type { Entry } from '../lists.ts'
import { wordsOf } from './words.ts'

interface Document {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly description: string
  readonly service: string
  readonly parameters: string
}

/** Ranks tools by how well they fit descriptions of tasks (BM25 over names, descriptions and parameters). */
export interface Ranking {
  /** The best of these entries, the best first. Several tasks take turns, so that each gets its share. */
  best(entries: readonly Entry[], tasks: readonly string[], most: number): readonly Entry[]
}

/** An index is made anew when what it is of has changed, however slightly, and so is never behind. */
export function createRanking(limits: ToolsetLimits): Ranking {
  const made = new Map<string, MiniSearch<Document>>()
  const indexOf = (documents: readonly Document[]): MiniSearch<Document> => {
    if (documents.length > limits.searchIndexTools) return indexed(documents)
    const key = createHash('sha256').update(JSON.stringify(documents)).digest('base64url')
    const index = made.get(key) ?? indexed(documents)
    made.delete(key)
    made.set(key, index)
    const [oldest] = made.keys()
    if (made.size > limits.searchIndexes && oldest !== undefined) made.delete(oldest)
    return index
  }
  return {
    best(entries, tasks, most) {
      const byName = new Map(entries.map((entry) => [String(entry.shown['name']), entry]))
      const index = indexOf(entries.map((entry) => documentOf(entry, limits.searchDescription)))
      const found = tasks.map((task) => index.search(task).map(({ id }) => String(id)))
      const names = new Set<string>()
      for (let rank = 0; names.size < most && found.some((ids) => rank < ids.length); rank++) {
        for (const ids of found) {
          const name = ids[rank]
          if (name !== undefined && names.size < most) names.add(name)
        }
      }
      return [...names].flatMap((name) => byName.get(name) ?? [])
    },
  }
}

function indexed(documents: readonly Document[]): MiniSearch<Document> {
  const index = new MiniSearch<Document>({
    fields: ['name', 'title', 'description', 'service', 'parameters'],
    tokenize: wordsOf,
    searchOptions: {
      boost: { name: 3, title: 2 },
      prefix: (term) => term.length > 3,
      fuzzy: (term) => (term.length > 5 ? 0.2 : false),
    },
  })
  index.addAll(documents)
  return index
}

function documentOf({ serviceId, shown, own }: Entry, longest: number): Document {
  const { name, title, description, inputSchema } = own
  const properties = isJsonObject(inputSchema) ? inputSchema['properties'] : undefined
  return {
    id: String(shown['name']),
    name: String(name),
    title: typeof title === 'string' ? title.slice(0, longest) : '',
    description: typeof description === 'string' ? description.slice(0, longest) : '',
    service: serviceId,
    parameters: isJsonObject(properties) ? Object.keys(properties).join(' ').slice(0, longest) : '',
  }
}
