import { type Clock, createCache } from '@postern/core'
import type { ToolsetLimits } from '../../limits.ts'

/** Whose view of which toolset. */
export interface Viewer {
  readonly toolsetId: string
  readonly callerKey: string
  /** The toolset's services, in its order. */
  readonly serviceIds: readonly string[]
}

/** Where a URI leads: to one service, or, when nobody has shown it yet, nobody knows where. */
export interface UriPlace {
  readonly serviceId: string | undefined
  readonly uri: string
}

/** Tells apart the URIs of a toolset's services. */
export interface UriBook {
  /** The URI as the toolset shows it: as it is for the first service that shows it, marked with its service for others. */
  show(viewer: Viewer, serviceId: string, uri: string): string
  find(viewer: Viewer, shown: string): UriPlace
}

const marked = /^mcp\.([a-z0-9][a-z0-9-]{0,62})\+([\s\S]*)$/

/**
 * Makes an empty book. What is written in it is a caller's own, so that no caller can claim a URI before another; it
 * stays while a service fails, so that nobody else gets its URIs meanwhile.
 */
export function createUriBook(clock: Clock, limits: ToolsetLimits): UriBook {
  const owners = createCache<string>({ max: limits.uris, clock })
  const keyOf = ({ toolsetId, callerKey }: Viewer, uri: string) => JSON.stringify([toolsetId, callerKey, uri])
  return {
    show(viewer, serviceId, uri) {
      // What looks marked is marked in any case: without that it would lead elsewhere.
      if (uri.length > limits.uriLength || marked.test(uri)) return mark(serviceId, uri)
      const key = keyOf(viewer, uri)
      const owner = owners.get(key)
      if (owner !== undefined && owner !== serviceId && viewer.serviceIds.includes(owner)) return mark(serviceId, uri)
      owners.set(key, serviceId, clock.now() + limits.uriMs)
      return uri
    },
    find(viewer, shown) {
      const [, serviceId, uri] = marked.exec(shown) ?? []
      if (serviceId !== undefined && uri !== undefined && viewer.serviceIds.includes(serviceId)) {
        return { serviceId, uri }
      }
      const owner = owners.get(keyOf(viewer, shown))
      return { serviceId: owner !== undefined && viewer.serviceIds.includes(owner) ? owner : undefined, uri: shown }
    },
  }
}

/** With a scheme that says whose it is: `mcp.<serviceId>+demo://one`. */
function mark(serviceId: string, uri: string): string {
  return `mcp.${serviceId}+${uri}`
}
