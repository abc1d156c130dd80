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
      const each = Math.max(1, Math.floor(limits.searchWords / tasks.length))
      const found = tasks.map((task) => search(index, task, each, limits).map(({ id }) => String(id)))
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

/**
 * Looks for the first words of a task. What looks alike is looked for by the first of them only, for it costs a walk
 * through all words of all tools; nobody writes that much to find a tool, but to keep the gateway busy.
 */
function search(index: MiniSearch<Document>, task: string, most: number, limits: ToolsetLimits) {
  const words = [...new Set(wordsOf(task))].slice(0, most)
  const widely = Math.max(1, Math.floor((limits.searchWideWords * most) / limits.searchWords))
  const isWide = (term: string, place: number): boolean => place < widely && term.length <= limits.searchWideWord
  return index.search(task, {
    tokenize: () => words,
    prefix: (term, place) => term.length > 3 && isWide(term, place),
    fuzzy: (term, place) => (term.length > 5 && isWide(term, place) ? 0.2 : false),
  })
}

function indexed(documents: readonly Document[]): MiniSearch<Document> {
  const index = new MiniSearch<Document>({
    fields: ['name', 'title', 'description', 'service', 'parameters'],
    tokenize: wordsOf,
    searchOptions: { boost: { name: 3, title: 2 } },
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
