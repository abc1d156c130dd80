import { limits } from '../limits.ts'
import type { Route } from './route.ts'

export type Match =
  | { found: 'route'; route: Route; params: Record<string, string> }
  | { found: 'other-method'; allow: string[] }
  | { found: 'nothing' }

/** Finds the route of a method and a path (below /api/v1). HEAD is answered by GET's. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Match {
  const compiled = routes.map((route) => ({ route, segments: route.path.split('/') }))
  refuseTwins(routes)
  return (method, path) => {
    const segments = decodeSegments(path)
    if (segments === undefined) return { found: 'nothing' }
    const matches = compiled.flatMap(({ route, segments: pattern }) => {
      const params = matchSegments(pattern, segments)
      return params === undefined ? [] : [{ route, params }]
    })
    const wanted = method === 'HEAD' ? 'GET' : method
    const match = matches.find(({ route }) => route.method === wanted)
    if (match !== undefined) return { found: 'route', ...match }
    if (matches.length === 0) return { found: 'nothing' }
    return { found: 'other-method', allow: allowed(matches.map(({ route }) => route.method)) }
  }
}

function refuseTwins(routes: readonly Route[]): void {
  const seen = new Set<string>()
  for (const { method, path } of routes) {
    const key = `${method} ${path.replace(/:[^/]+/g, ':')}`
    if (seen.has(key)) throw new Error(`two routes answer ${key}`)
    seen.add(key)
  }
}

function decodeSegments(path: string): string[] | undefined {
  try {
    const segments = path.split('/').map((segment) => decodeURIComponent(segment))
    return segments.some((segment) => segment.length > limits.pathSegment) ? undefined : segments
  } catch {
    return undefined
  }
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (part.startsWith(':')) {
      if (segment === '') return undefined
      params[part.slice(1)] = segment
    } else if (part !== segment) return undefined
  }
  return params
}

function allowed(methods: readonly string[]): string[] {
  const all = new Set(methods)
  if (all.has('GET')) all.add('HEAD')
  return [...all].sort()
}
