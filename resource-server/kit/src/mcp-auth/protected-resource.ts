import { canonicalResource } from '@postern/core'
import { ConfigError } from '../options/config-error.ts'
import { isRecord, readRecord, readText } from '../options/fields.ts'
import type { ResourceServerOptions } from '../options/types.ts'
import { createResourceServer, type ResourceServer } from '../resource-server.ts'
import { checkServer, issuerOptions } from './authorization-server.ts'
import { toOwnNames } from './casing.ts'
import type { KitOptions, ResourceServerConfig } from './config.ts'
import { MCPAuthAuthServerError } from './errors.ts'
import { protectedResourceShape } from './metadata.ts'
import { underOwnNames } from './read-config.ts'
import { type AuthServerConfig, getIssuer } from './server-config.ts'

/** A protected resource whose configuration is sound. */
export interface ProtectedResource {
  readonly resource: string
  /** As it was written, which is how tokens may have it. */
  readonly written: string
  readonly servers: readonly AuthServerConfig[]
  /** What its metadata document is made of. */
  readonly options: ResourceServerOptions
  readonly publish: ResourceServer['publish']
}

/** Reads `protectedResources`. Throws `MCPAuthAuthServerError` for duplicates, `ConfigError` for what makes no sense. */
export function readProtectedResources(value: unknown, kit: KitOptions): readonly ProtectedResource[] {
  const isList = Array.isArray(value)
  const configs: readonly unknown[] = isList ? value : [value]
  if (configs.length === 0) throw new ConfigError('protectedResources', 'name at least one resource')
  const resources = configs.map((config, index) =>
    readProtectedResource(config, isList ? `protectedResources[${index}]` : 'protectedResources', kit),
  )
  for (const [index, { resource }] of resources.entries()) {
    if (resources.findIndex((other) => other.resource === resource) < index) {
      refuse(`protectedResources[${index}].metadata.resource is there twice.`)
    }
  }
  return resources
}

function refuse(cause: string): never {
  throw new MCPAuthAuthServerError('invalid_server_config', { cause })
}

function readProtectedResource(config: unknown, place: string, kit: KitOptions): ProtectedResource {
  const path = `${place}.metadata`
  if (!isConfig(config)) throw new ConfigError(path, 'must be an object with the resource and its authorizationServers')
  readRecord(config, place, ['metadata'])
  const written = readText(config.metadata.resource, `${path}.resource`)
  const servers = readServers(config.metadata.authorizationServers, `${path}.authorizationServers`)
  const options = { ...kit, ...documentOptions(config.metadata, path), issuers: servers.map(issuerOptions) }
  const { resource, publish } = underOwnNames(
    (option) => ownName(option, path),
    () => createResourceServer(withoutEvents(options)),
  )
  return { resource, written, servers, options: { ...options, resource }, publish }
}

function isConfig(value: unknown): value is ResourceServerConfig {
  return isRecord(value) && isRecord(value['metadata'])
}

function readServers(value: unknown, path: string): readonly AuthServerConfig[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new ConfigError(path, 'name at least one authorization server, such as { issuer, type: "oidc" }')
  }
  const servers: readonly AuthServerConfig[] = value
  for (const [index, server] of servers.entries()) checkServer(server, `${path}[${index}]`)
  const issuers = servers.map(getIssuer)
  for (const [index, issuer] of issuers.entries()) {
    if (issuers.indexOf(issuer) < index) refuse(`${path}[${index}] has the issuer of another one.`)
  }
  return servers
}

type Document = ResourceServerConfig['metadata']

/** The document's members: those that the kit makes as its options, the others under the names of RFC 9728. */
function documentOptions(document: Document, path: string): Omit<ResourceServerOptions, 'issuers'> {
  const { resource, authorizationServers: _, resourceName, scopesSupported, bearerMethodsSupported, ...rest } = document
  if (bearerMethodsSupported !== undefined && bearerMethodsSupported.join() !== 'header') {
    throw new ConfigError(`${path}.bearerMethodsSupported`, "must be ['header']; tokens are taken from nowhere else")
  }
  return {
    resource,
    ...(resourceName === undefined ? {} : { resourceName }),
    scopesSupported: scopesSupported ?? [],
    metadata: toOwnNames(rest, protectedResourceShape),
  }
}

const documentNames: Readonly<Record<string, string>> = {
  resource: 'resource',
  resourceName: 'resourceName',
  scopesSupported: 'scopesSupported',
  metadata: '',
}

function ownName(option: string, path: string): string | undefined {
  const [head = ''] = option.split(/[.[]/)
  const name = documentNames[head]
  if (name === undefined) return undefined
  return name === '' ? path + option.slice(head.length) : `${path}.${name}${option.slice(head.length)}`
}

/** This one only serves the document; what is loosened is told once by each route that is. */
function withoutEvents({ onEvent: _, ...options }: ResourceServerOptions): ResourceServerOptions {
  return options
}

/** The resource that a route means: the one it names, or the only one. */
export function chooseResource(resources: readonly ProtectedResource[], wanted: string | undefined): ProtectedResource {
  const [only, ...others] = resources
  if (wanted === undefined && only !== undefined && others.length === 0) return only
  if (wanted === undefined) return refuse('There are several protected resources; give bearerAuth the resource.')
  const canonical = canonicalResource(wanted)
  const found = resources.find(({ resource }) => resource === canonical)
  return found ?? refuse('The resource given to bearerAuth is none of protectedResources.')
}
