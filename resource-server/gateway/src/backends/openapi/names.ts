import type { Operation } from './operations.ts'

// What models and clients take as the name of a tool or of an argument.
const longest = 64

/** A text made into a name of [A-Za-z0-9_-], at most 64 characters; `otherwise` when nothing of it is left. */
export function cleanName(text: string, otherwise: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(text)) return text
  const cleaned = text
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .slice(0, longest)
    .replace(/^_+|_+$/g, '')
  return cleaned === '' ? otherwise : cleaned
}

/** The name, with a number where it is taken already. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name
  for (let number = 2; ; number++) {
    const end = `_${number}`
    const numbered = name.slice(0, longest - end.length) + end
    if (!isTaken(numbered)) return numbered
  }
}

/** A name for each operation, in their order. A name that needs no cleaning goes before one that only comes to be the same. */
export function toolNames(operations: readonly Operation[]): string[] {
  const taken = new Set<string>()
  const names = new Map<Operation, string>()
  const give = (operation: Operation, name: string): void => {
    const free = freeName(name, (one) => taken.has(one))
    taken.add(free)
    names.set(operation, free)
  }
  const wanted = operations.map((operation) => ({ operation, name: wantedName(operation) }))
  for (const { operation, name } of wanted) if (name === operation.operationId) give(operation, name)
  for (const { operation, name } of wanted) if (name !== operation.operationId) give(operation, name)
  return operations.map((operation) => names.get(operation) ?? '')
}

function wantedName({ operationId, method, path }: Operation): string {
  const byPlace = [method.toLowerCase(), path.slice(1).replace(/[{}]/g, '')].filter((part) => part !== '').join('_')
  return cleanName(operationId ?? byPlace, cleanName(byPlace, method.toLowerCase()))
}
