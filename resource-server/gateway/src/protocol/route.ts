import type { HotCatalog, ServedService } from '../catalog/types.ts'

/** What a request is for: a service's MCP endpoint, or the metadata of a service. */
export interface Target {
  readonly kind: 'endpoint' | 'metadata'
  readonly service: ServedService
}

const wellKnown = '/.well-known/oauth-protected-resource'

/** Finds the target of a request by its path alone; undefined when it is none of ours. */
export function findTarget(url: string, catalog: HotCatalog): Target | undefined {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  if (!path.startsWith(wellKnown)) return target('endpoint', catalog.findByPath(path))
  const rest = path.slice(wellKnown.length)
  if (rest === '' || rest === '/') return target('metadata', catalog.findRoot())
  return rest.startsWith('/') ? target('metadata', catalog.findByPath(rest)) : undefined
}

function target(kind: Target['kind'], service: ServedService | undefined): Target | undefined {
  return service === undefined ? undefined : { kind, service }
}
