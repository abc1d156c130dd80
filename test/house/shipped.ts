import { posix } from 'node:path'
import type { ImportSite } from './read-imports.ts'

/** Targets of "exports" or "imports": a path, or targets by condition or subpath. */
export type Target = string | null | { readonly [key: string]: Target }

interface Entrances {
  readonly exports?: Target
  readonly imports?: Target
}

/** The sources that a package.json leads to, relative to its folder: `src/index.ts`. */
export function entriesOf({ exports = null, imports = null }: Entrances): string[] {
  return [...new Set([exports, imports].flatMap(sourcesIn))]
}

function sourcesIn(target: Target): string[] {
  if (target === null) return []
  if (typeof target !== 'string') return Object.values(target).flatMap(sourcesIn)
  return target.startsWith('./src/') ? [target.slice(2)] : []
}

/** The files that can be reached from some of them over relative imports, themselves included. */
export function reachedFrom(
  roots: Iterable<string>,
  imports: ReadonlyMap<string, readonly ImportSite[]>,
): ReadonlySet<string> {
  const reached = new Set<string>()
  const open = [...roots].filter((path) => imports.has(path))
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    for (const { specifier } of imports.get(path) ?? []) {
      const target = posix.join(posix.dirname(path), specifier)
      if (specifier.startsWith('.') && imports.has(target)) open.push(target)
    }
  }
  return reached
}
