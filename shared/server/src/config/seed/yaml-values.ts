import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
} from 'yaml'
import { formatPath, type PathStep } from '../../contract/paths.ts'
import { limits } from '../../limits.ts'
import type { Environment } from '../variables.ts'
import { substitute } from './substitute.ts'

export interface Place {
  line: number
  column: number
}

export interface YamlMistake extends Place {
  field: string
  message: string
}

export interface YamlValues {
  value: unknown
  mistakes: YamlMistake[]
  /** Where a field stands; the nearest one around it when it is not there. */
  placeOf(path: readonly PathStep[]): Place
  /** Fields whose text came from a variable, so that a number may be meant. */
  substituted: ReadonlySet<string>
}

interface Walk {
  document: Document
  env: Environment
  places: Map<string, Place>
  substituted: Set<string>
  mistakes: YamlMistake[]
  at(offset: number): Place
  nodes: number
  aliases: number
  stopped: boolean
}

/** Turns a parsed document into plain values, with variables put in, and remembers where each field stands. */
export function readValues(document: Document, lines: LineCounter, env: Environment): YamlValues {
  const walk: Walk = {
    document,
    env,
    places: new Map(),
    substituted: new Set(),
    mistakes: [],
    at: (offset) => {
      const { line, col } = lines.linePos(offset)
      return { line, column: col }
    },
    nodes: 0,
    aliases: 0,
    stopped: false,
  }
  walk.places.set('', { line: 1, column: 1 })
  const value = read(walk, document.contents, [])
  return {
    value,
    mistakes: walk.mistakes,
    placeOf: (path) => nearest(walk.places, path),
    substituted: walk.substituted,
  }
}

function nearest(places: ReadonlyMap<string, Place>, path: readonly PathStep[]): Place {
  for (let length = path.length; length > 0; length -= 1) {
    const place = places.get(formatPath(path.slice(0, length)))
    if (place !== undefined) return place
  }
  return places.get('') ?? { line: 1, column: 1 }
}

function read(walk: Walk, node: Node | null | undefined, path: readonly PathStep[]): unknown {
  if (node === null || node === undefined || walk.stopped) return null
  walk.nodes += 1
  if (walk.nodes > limits.seedNodes)
    return stop(walk, path, `has more than ${limits.seedNodes} values, aliases followed; make it smaller`)
  if (path.length > limits.jsonDepth) return stop(walk, path, `is nested deeper than ${limits.jsonDepth} levels`)
  if (!walk.places.has(formatPath(path))) note(walk, node, path)
  if (isAlias(node)) return readAlias(walk, node, path)
  if (isMap(node)) return readMap(walk, node.items, path)
  if (isSeq(node)) return node.items.map((item, index) => read(walk, item as Node, [...path, index]))
  return isScalar(node) ? readScalar(walk, node.value, path) : null
}

function readAlias(walk: Walk, node: Alias, path: readonly PathStep[]): unknown {
  walk.aliases += 1
  if (walk.aliases > limits.seedAliases)
    return stop(walk, path, `has more than ${limits.seedAliases} aliases; write the values out`)
  const target = node.resolve(walk.document)
  if (target !== undefined) return read(walk, target, path)
  report(walk, path, `is an alias of nothing; put the anchor &${node.source} before it`)
  return null
}

function readMap(walk: Walk, items: readonly Pair[], path: readonly PathStep[]): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const { key, value } of items) {
    if (!isScalar(key)) {
      report(walk, path, 'a name must be plain text', key as Node | null)
      continue
    }
    const name = String(key.value)
    const inner = [...path, name]
    note(walk, key, inner)
    const read_ = read(walk, value as Node | null, inner)
    Object.defineProperty(result, name, { value: read_, enumerable: true, configurable: true, writable: true })
  }
  return result
}

function readScalar(walk: Walk, value: unknown, path: readonly PathStep[]): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'string') return value
  const result = substitute(value, walk.env)
  if (!result.ok) {
    report(walk, path, result.message)
    return null
  }
  if (result.changed) walk.substituted.add(formatPath(path))
  return result.value
}

function note(walk: Walk, node: Node, path: readonly PathStep[]): void {
  const offset = node.range?.[0]
  if (offset !== undefined) walk.places.set(formatPath(path), walk.at(offset))
}

function report(walk: Walk, path: readonly PathStep[], message: string, node?: Node | null): void {
  const offset = node?.range?.[0]
  const place = offset === undefined ? nearest(walk.places, path) : walk.at(offset)
  walk.mistakes.push({ ...place, field: formatPath(path), message })
}

function stop(walk: Walk, path: readonly PathStep[], message: string): null {
  walk.stopped = true
  report(walk, path, message)
  return null
}
