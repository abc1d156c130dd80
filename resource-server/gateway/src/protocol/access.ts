import type { IncomingMessage } from 'node:http'
import type { EventInput, MaybePromise, ScopeHierarchy } from '@postern/core'
import {
  type AuthInfo,
  createResourceServer,
  type Decision,
  type Gate,
  type Reply,
  type ResourceServer,
} from '@postern/resource-server'
import type { ServedService } from '../catalog/types.ts'
import { resourceServerOptions } from './resource-server-options.ts'
import type { ProtocolOptions } from './types.ts'

/** Decides who may come in: one resource server of the kit for each service. */
export interface Access {
  /** The caller, or what to answer instead. Each decision about a credential goes to `onEvent`. */
  admit(service: ServedService, req: IncomingMessage, requestId: string): MaybePromise<Decision>
  /** The same for a part of the service that needs these scopes besides. */
  admitWith(
    scopes: readonly string[],
    service: ServedService,
    req: IncomingMessage,
    requestId: string,
  ): MaybePromise<Decision>
  /** The answer to a request for the protected-resource metadata; undefined for a service with API keys alone. */
  publish(service: ServedService, req: IncomingMessage): Reply | undefined
  /**
   * Tells of callers that are admitted at this moment whether their credential is over: because its time is, because it
   * was revoked, or because the service lets in by other rules since. A resource server of later knows nothing of what
   * becomes of credentials that it has not seen.
   */
  lifeOf(service: ServedService): { readonly isOver: (auth: AuthInfo) => boolean }
  forget(serviceId: string): void
  close(): void
}

export type AccessOptions = Pick<ProtocolOptions, 'catalog' | 'clock' | 'fetch'> & {
  readonly onEvent: (serviceId: string, event: EventInput) => void
}

interface Entry {
  readonly revision: number
  readonly hierarchy: ScopeHierarchy | undefined
  readonly rs: ResourceServer
  readonly gate: Gate
}

/** Makes the door keeper of all services. A service's resource server lives until the service changes. */
export function createAccess(options: AccessOptions): Access {
  const entries = new Map<string, Entry>()
  const entryOf = (service: ServedService): Entry => {
    const known = entries.get(service.id)
    const hierarchy = options.catalog.scopesOf(service.id)
    if (known?.revision === service.revision && known.hierarchy === hierarchy) return known
    known?.rs.close()
    const rs = createResourceServer(resourceServerOptions(service, hierarchy, options))
    const entry = { revision: service.revision, hierarchy, rs, gate: rs.gate() }
    entries.set(service.id, entry)
    return entry
  }
  return {
    admit: (service, req, requestId) => entryOf(service).gate({ ...inbound(req, service.path), requestId }),
    admitWith: (scopes, service, req, requestId) =>
      entryOf(service).rs.gate({ scopes })({ ...inbound(req, service.path), requestId }),
    publish(service, req) {
      const { rs } = entryOf(service)
      if (rs.metadataUrl === undefined) return undefined
      // Asked for at the root or path-inserted, it is the same document.
      return rs.publish(inbound(req, new URL(rs.metadataUrl).pathname))
    },
    lifeOf(service) {
      const entry = entryOf(service)
      return { isOver: (auth) => entries.get(service.id) !== entry || entry.rs.remaining(auth) <= 0 }
    },
    forget(serviceId) {
      entries.get(serviceId)?.rs.close()
      entries.delete(serviceId)
    },
    close() {
      for (const { rs } of entries.values()) rs.close()
      entries.clear()
    },
  }
}

function inbound({ method = '', headers, rawHeaders }: IncomingMessage, url: string) {
  return {
    method,
    url,
    rawHeaders,
    header: (name: string): string | undefined => {
      const value = headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
  }
}
