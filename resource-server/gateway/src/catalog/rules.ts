import { issuerFromDiscoveryUrl } from '@postern/core'
import { type FieldError, limits as fieldLimits } from '@postern/server'
import type { StdioBackend } from '../backends/types.ts'
import { limits } from '../limits.ts'
import type { Draft } from './draft.ts'
import { beingDeleted, conflict, refuseFaults, serviceNotFound } from './refusals.ts'
import type { Origins, StoredService } from './stored.ts'
import { kindOf } from './toolset-rules.ts'
import type { AuthorizerInput, Backend, Origin } from './types.ts'

export interface RuleSettings extends Origins {
  readonly mode: 'development' | 'production'
  readonly maxAllowedClients: number
  /** The stdio backends that the configuration lists; in production no others are made by API. */
  readonly listedCommands?: readonly StdioBackend[]
}

/** The service, if it is there and stays. */
export function requireService(draft: Draft, serviceId: string): StoredService {
  const service = draft.get(serviceId)
  if (!service) throw serviceNotFound()
  if (service.status === 'Deleting') throw beingDeleted()
  return service
}

/** Ids and paths are unique (paths whatever their case), services are bounded, and one at most owns the root's metadata. */
export function checkPlace(draft: Draft, service: StoredService): void {
  const others = draft.all().filter((other) => other.id !== service.id)
  if (others.length >= limits.services) {
    throw conflict('limit', '', `a gateway has at most ${limits.services} services and toolsets; delete one first`)
  }
  const key = service.path.toLowerCase()
  const neighbour = others.find((other) => other.path.toLowerCase() === key)
  if (neighbour) {
    const kind = kindOf(neighbour)
    const message = `${neighbour.path} belongs to ${kind} ${neighbour.id}; choose another path, or delete that ${kind}`
    throw conflict('duplicate', 'path', message)
  }
  const root = service.rootMetadata ? others.find((other) => other.rootMetadata) : undefined
  if (root) {
    const message = `${kindOf(root)} ${root.id} has the root's metadata already; set it to false there first`
    throw conflict('duplicate', 'rootMetadata', message)
  }
}

/** Rules about authorizers that the contract, which knows no settings, cannot check. */
export function checkAuthorizers(authorizers: readonly AuthorizerInput[], settings: RuleSettings): void {
  const faults: FieldError[] = []
  for (const [index, authorizer] of authorizers.entries()) {
    const field = `authorizers[${index}]`
    if (authorizer.type === 'ApiKey') checkKeyCount(authorizer.apiKeys?.length ?? 0, `${field}.apiKeys`)
    else {
      checkClientCount(authorizer.allowedClients?.length ?? 0, `${field}.allowedClients`, settings)
      faults.push(...discoveryFaults(authorizer.discoveryUrl, `${field}.discoveryUrl`, settings))
    }
  }
  refuseFaults(faults)
}

export function checkKeyCount(count: number, field: string): void {
  if (count <= fieldLimits.apiKeys) return
  throw conflict('limit', field, `a service has at most ${fieldLimits.apiKeys} API keys; delete one first`)
}

function checkClientCount(count: number, field: string, { maxAllowedClients }: RuleSettings): void {
  if (count <= maxAllowedClients) return
  const message =
    `at most ${maxAllowedClients} clients can be named; name fewer, or none to allow every client of the issuer ` +
    '(POSTERN_MAX_ALLOWED_CLIENTS sets the limit)'
  throw conflict('limit', field, message)
}

/** A discovery URL on our own identity provider must be one of its pools', or no token could ever fit. */
function discoveryFaults(url: string, field: string, origins: Origins): FieldError[] {
  if (!url.startsWith(`${origins.idpUrl}/`) || poolOfDiscoveryUrl(url, origins) !== undefined) return []
  const message = `names no pool; write ${origins.idpUrl}/pools/<id>/.well-known/openid-configuration`
  return [{ field, code: 'invalid', message }]
}

/** The pool of our own identity provider that a discovery URL belongs to, or undefined. */
export function poolOfDiscoveryUrl(url: string, { idpUrl }: Origins): string | undefined {
  const issuer = issuerFromDiscoveryUrl(url)
  const prefix = `${idpUrl}/pools/`
  if (!issuer?.startsWith(prefix)) return undefined
  const pool = issuer.slice(prefix.length)
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(pool) ? pool : undefined
}

/** In production a command that starts a process is not made by whoever holds the admin token, but by the configuration. */
export function checkCommand(backend: Backend, settings: RuleSettings, origin: Origin): void {
  if (backend.type !== 'stdio' || settings.mode === 'development' || origin.configuration) return
  if (settings.listedCommands?.some((listed) => isSameCommand(backend, listed))) return
  const message =
    'in production a stdio backend made by API runs only what a service of the seed file (POSTERN_CONFIG) runs: the same ' +
    'command, args and cwd, and no other env names; add it there and restart'
  refuseFaults([{ field: 'backend.command', code: 'invalid', message }])
}

// Variables such as NODE_OPTIONS or LD_PRELOAD make any command run anything, so their names are part of the command.
function isSameCommand(asked: StdioBackend, listed: StdioBackend): boolean {
  const line = ({ command, args = [], cwd = '' }: StdioBackend) => JSON.stringify([command, args, cwd])
  const names = new Set(Object.keys(listed.env ?? {}))
  return line(asked) === line(listed) && Object.keys(asked.env ?? {}).every((name) => names.has(name))
}
