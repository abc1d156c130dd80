import { isJsonObject, type JsonObject } from '../json-rpc.ts'
import { printable } from '../text.ts'
import { below, documentFault } from './fault.ts'

/** A value, and where in the document it stands. */
export interface Located {
  readonly value: JsonObject
  readonly pointer: string
}

// Longer chains of references that lead to nothing but references are a mistake.
const longestChain = 16

/**
 * What a value stands for: itself, or what its `$ref` leads to.
 * @throws BackendError for a reference that leaves the document, leads nowhere or round in circles
 */
export function follow(document: JsonObject, value: unknown, pointer: string): Located {
  let place = { value, pointer }
  for (let hops = 0; hops <= longestChain; hops++) {
    const { value: found } = place
    if (!isJsonObject(found)) throw documentFault(place.pointer, 'an object is expected here')
    const ref = found['$ref']
    if (typeof ref !== 'string') return { value: found, pointer: place.pointer }
    place = lookUp(document, ref, below(place.pointer, '$ref'))
  }
  throw documentFault(pointer, 'its $ref leads round in a circle; have it lead to something else')
}

/**
 * What a reference of this very document leads to.
 * @param at where the reference stands
 * @throws BackendError
 */
export function lookUp(document: JsonObject, ref: string, at: string): { value: unknown; pointer: string } {
  const quoted = `\`${printable(ref, 200)}\``
  if (!ref.startsWith('#')) {
    throw documentFault(at, `${quoted} is outside of this document; bundle all files into one document`)
  }
  const steps = stepsOf(ref.slice(1))
  if (steps === undefined)
    throw documentFault(at, `${quoted} is no JSON pointer; write it as #/components/schemas/Name`)
  let value: unknown = document
  let pointer = ''
  for (const step of steps) {
    pointer = below(pointer, step)
    value = memberOf(value, step)
    if (value === undefined) throw documentFault(at, `${quoted} leads nowhere; add what it names, or mend the name`)
  }
  return { value, pointer }
}

function memberOf(value: unknown, step: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
  return Object.getOwnPropertyDescriptor(value, step)?.value
}

function stepsOf(fragment: string): string[] | undefined {
  if (fragment === '') return []
  if (!fragment.startsWith('/')) return undefined
  try {
    return decodeURIComponent(fragment)
      .slice(1)
      .split('/')
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  } catch {
    return undefined
  }
}
