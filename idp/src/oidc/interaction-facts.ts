import { isLoopbackHost } from '@postern/core'
import type { HotClient, HotPool } from '../directory/types.ts'
import { findResource } from './access.ts'
import type { InteractionClient } from './interactions.ts'

/** What a person is told of a client. */
export function clientFacts(client: HotClient, redirectUri: string | undefined): InteractionClient {
  const known = client.registration === 'management' ? 'registered' : client.registration
  return {
    clientId: client.clientId,
    name: client.name,
    known,
    ...(known === 'metadata_document' ? { documentUrl: client.clientId } : {}),
    redirectUri,
    redirectHost: redirectUri === undefined ? undefined : redirectHost(redirectUri),
    loopbackOnly: client.redirectUris.length > 0 && client.redirectUris.every(isLoopback),
    logoUri: client.logoUri ?? undefined,
    clientUri: client.clientUri ?? undefined,
  }
}

function redirectHost(uri: string): string {
  const url = URL.parse(uri)
  if (url === null) return uri
  return url.host === '' ? url.protocol : url.host
}

function isLoopback(uri: string): boolean {
  const url = URL.parse(uri)
  return url?.protocol === 'http:' && isLoopbackHost(url.hostname)
}

/** The resource that a request is about, as its parameters name it. */
export function resourceFacts(pool: HotPool, params: Readonly<Record<string, unknown>>) {
  const resource = typeof params['resource'] === 'string' ? findResource(pool, params['resource']) : undefined
  return resource && { identifier: resource.identifier, name: resource.name ?? resource.identifier }
}

/** The scopes of a request with what their resource says of them. */
export function scopeFacts(pool: HotPool, params: Readonly<Record<string, unknown>>) {
  const names = typeof params['scope'] === 'string' ? params['scope'].split(' ') : []
  const resource = typeof params['resource'] === 'string' ? findResource(pool, params['resource']) : undefined
  return names.map((name) => ({
    name,
    description: resource?.scopes.find((scope) => scope.name === name)?.description,
  }))
}
