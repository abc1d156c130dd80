import { parseJson } from '@postern/core'
import { type Backend, backend as backendSchema, limits, validate, WireError } from '@postern/server'
import type { BackendConfiguration, Outbound, ProtocolConfiguration } from './schemas.ts'

/** What a request says of what answers behind a service. */
export interface BackendRequest {
  readonly ProtocolType: string
  readonly BackendType: string
  readonly Path: string
  readonly BackendConfiguration?: BackendConfiguration | undefined
  readonly ProtocolConfiguration?: ProtocolConfiguration | undefined
  readonly OutboundAuthorizerConfiguration?: Outbound | undefined
}

/**
 * The backend that a request asks for, in the contract's words.
 *
 * @throws WireError `InvalidParameter.<field>` for what cannot be run here
 */
export function backendOf(request: BackendRequest): Backend {
  const wanted = { ...wantedBackend(request) }
  const headers = outboundHeaders(request.OutboundAuthorizerConfiguration)
  if (headers !== undefined) {
    if (wanted['type'] === 'stdio') {
      throw refusedOutbound(
        'a package that is started here is sent no headers; send {} and put its key into env of RawConfig',
      )
    }
    wanted['headers'] = { ...asRecord(wanted['headers']), ...headers }
  }
  const checked = validate(backendSchema, wanted)
  if (checked.ok) return checked.value
  const [first] = checked.errors
  throw refused('BackendConfiguration', first === undefined ? 'is wrong' : `${first.field}: ${first.message}`)
}

function refused(field: string, message: string): WireError {
  return new WireError(`InvalidParameter.${field}`, 400, `${field}: ${message}`)
}

function refusedOutbound(message: string): WireError {
  return refused('OutboundAuthorizerConfiguration', message)
}

function wantedBackend(request: BackendRequest): Record<string, unknown> {
  const { BackendType, ProtocolType, BackendConfiguration: configuration = {} } = request
  if (configuration.CustomMcpConfiguration?.PrivatePackage != null) {
    throw refused('BackendConfiguration', 'images are not run here; name a PublicPackage, or a Domain where it runs')
  }
  if (BackendType === 'CustomPublic') return fromPackage(configuration)
  if (BackendType !== 'Domain') {
    throw refused('BackendType', 'must be CustomPublic or Domain; other kinds belong to the cloud of the originals')
  }
  const origin = originOf(configuration)
  if (ProtocolType === 'MCP') return { type: 'http', url: origin + request.Path }
  const document = request.ProtocolConfiguration?.HttpApiConfiguration?.Configuration
  if (!document) throw refused('ProtocolConfiguration', 'ProtocolType HTTP needs HttpApiConfiguration.Configuration')
  return { type: 'openapi', document, baseUrl: origin }
}

function originOf({ CustomConfiguration }: BackendConfiguration): string {
  const { Domain, Port, ProtocolType } = CustomConfiguration ?? {}
  if (!Domain) throw refused('BackendConfiguration', 'BackendType Domain needs CustomConfiguration.Domain')
  if (!/^[A-Za-z0-9.-]+$|^\[[0-9A-Fa-f:.]+\]$/.test(Domain)) {
    throw refused('BackendConfiguration', 'CustomConfiguration.Domain must be a host name or address alone')
  }
  const scheme = ProtocolType?.toUpperCase() === 'HTTP' ? 'http' : 'https'
  return `${scheme}://${Domain}${Port == null ? '' : `:${Port}`}`
}

/** RawConfig is what clients have in their own settings: `{"mcpServers": {"<name>": {"command", "args", "env"} | {"url"}}}`. */
function fromPackage({ CustomMcpConfiguration }: BackendConfiguration): Record<string, unknown> {
  const text = CustomMcpConfiguration?.PublicPackage?.RawConfig
  if (!text) throw refused('BackendConfiguration', 'BackendType CustomPublic needs PublicPackage.RawConfig')
  const servers = Object.values(asRecord(asRecord(parsed(text))['mcpServers']))
  if (servers.length !== 1) {
    throw refused('BackendConfiguration', 'RawConfig must be {"mcpServers": {…}} with one server')
  }
  const { command, args, env, cwd, url, headers } = asRecord(servers[0])
  return url === undefined
    ? withoutUndefined({ type: 'stdio', command, args, env, cwd })
    : withoutUndefined({ type: 'http', url, headers })
}

function parsed(text: string): unknown {
  try {
    return parseJson(text, { maxDepth: limits.jsonDepth, maxBytes: limits.bodyBytes })
  } catch {
    throw refused('BackendConfiguration', 'RawConfig is not JSON')
  }
}

/**
 * A key is sent as it is: `Bearer x` has to be written so. What would send the backend no credential is refused, but for
 * what asks for none.
 */
function outboundHeaders(outbound: Outbound | undefined): Record<string, string> | undefined {
  const type = outbound?.AuthorizerType || 'None'
  const { KeyAuth: keyAuth, IdentityAuthorizer: identity } = outbound?.Authorizer ?? {}
  if (identity != null || !['apikey', 'none'].includes(type.toLowerCase())) {
    throw refusedOutbound(
      'a backend is sent a key; use AuthorizerType ApiKey with KeyAuth, or leave it out here and set oauth of the backend ' +
        'at /api/v1',
    )
  }
  const [key, ...others] = keyAuth?.ApiKeys ?? []
  if (keyAuth == null || !key?.Key) {
    if (type.toLowerCase() === 'none' && key === undefined) return undefined
    throw refusedOutbound('AuthorizerType ApiKey needs Authorizer.KeyAuth.ApiKeys with one key and its Key')
  }
  if (others.length > 0) throw refusedOutbound('has several keys; one is sent')
  if ((keyAuth.ApiKeyLocation || 'Header').toLowerCase() !== 'header') {
    throw refusedOutbound('keys are sent in a header; use ApiKeyLocation Header')
  }
  return { [keyAuth.Parameter || 'Authorization']: key.Key }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function withoutUndefined(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
}
