import {
  checkIssuer,
  FetchProblem,
  fetchJson,
  issuerFromDiscoveryUrl,
  issuerMetadataUrls,
  type MaybePromise,
  type Network,
} from '@postern/core'
import { limits } from '../limits.ts'
import { toCamelCase } from './casing.ts'
import { MCPAuthAuthServerError, MCPAuthConfigError } from './errors.ts'
import {
  type AuthorizationServerMetadata,
  authorizationServerMetadataSchema,
  type CamelCaseAuthorizationServerMetadata,
  camelCaseAuthorizationServerMetadataSchema,
} from './metadata.ts'
import type { AuthServerType, ResolvedAuthServerConfig } from './server-config.ts'

/** Where the two types of authorization server have their metadata. */
export const serverMetadataPaths = Object.freeze({
  oauth: '/.well-known/oauth-authorization-server',
  oidc: '/.well-known/openid-configuration',
} as const)

export interface ServerMetadataConfig {
  type: AuthServerType
  /** Turns a document that is not quite what RFC 8414 asks for into one that is. */
  transpileData?: (data: object) => MaybePromise<AuthorizationServerMetadata | Record<string, unknown>>
  /** Used for the request. */
  fetch?: typeof globalThis.fetch
  /** `public-only` refuses addresses that are not public (SSRF). Default `any`. */
  network?: Network
}

/** The place of an issuer's metadata: inserted before its path (RFC 8414 §3.1) or appended (OpenID Connect Discovery §4). */
export function metadataUrlOf(issuer: string, type: AuthServerType): string {
  const checked = checkIssuer(issuer)
  if (!checked.ok) throw new MCPAuthAuthServerError('invalid_server_config', { cause: `issuer: ${checked.message}` })
  const url = issuerMetadataUrls(issuer).at(type === 'oauth' ? 0 : -1)
  return url ?? issuer
}

/**
 * Fetches an authorization server's metadata. The document must be about just this issuer (RFC 8414 §3.3); the request
 * follows no redirect and is bounded in time and size.
 *
 * Rejects with `MCPAuthConfigError` where it cannot be fetched, `MCPAuthAuthServerError` where it is not acceptable.
 */
export async function fetchServerConfig(
  issuer: string,
  config: ServerMetadataConfig,
): Promise<ResolvedAuthServerConfig> {
  const { resolved } = await fetchMetadata(metadataUrlOf(issuer, config.type), config, (named) => named === issuer)
  return resolved
}

/**
 * The same for metadata that stands anywhere. Where the place is one of the well-known ones, it says whose metadata it
 * must be.
 */
export async function fetchServerConfigByWellKnownUrl(
  wellKnownUrl: string | URL,
  config: ServerMetadataConfig,
): Promise<ResolvedAuthServerConfig> {
  const url = String(wellKnownUrl)
  const issuer = issuerFromDiscoveryUrl(url)
  const isExpected = (named: string) => issuer === undefined || named === issuer || named === `${issuer}/`
  const { resolved } = await fetchMetadata(url, config, isExpected)
  return resolved
}

export interface FetchedMetadata {
  readonly resolved: ResolvedAuthServerConfig
  /** The document as it was served, with all its members. */
  readonly document: object
}

/** Fetches the metadata at a place and checks it. Rejects as `fetchServerConfig` does. */
export async function fetchMetadata(
  url: string,
  { type, transpileData, fetch, network = 'any' }: ServerMetadataConfig,
  isExpected: (issuer: string) => boolean,
): Promise<FetchedMetadata> {
  const document = await fetchDocument(url, { fetch, network })
  const transpiled = transpileData === undefined ? document : await transpileData(document)
  const parsed = authorizationServerMetadataSchema.safeParse(transpiled)
  if (!parsed.success) throw new MCPAuthAuthServerError('invalid_server_metadata', { cause: parsed.error.message })
  const { issuer } = parsed.data
  if (!isExpected(issuer) || !checkIssuer(issuer).ok) {
    const cause = 'Its issuer is not the one that was asked for; write the issuer exactly as the document has it.'
    throw new MCPAuthAuthServerError('invalid_server_metadata', { cause })
  }
  return { resolved: { metadata: camelCaseMetadata(parsed.data), type }, document: transpiled }
}

async function fetchDocument(
  url: string,
  { fetch, network }: { readonly fetch: typeof globalThis.fetch | undefined; readonly network: Network },
): Promise<object> {
  try {
    const { value } = await fetchJson(url, {
      fetch,
      network,
      timeoutMs: limits.keyFetchTimeoutSeconds * 1000,
      maxBytes: limits.keyFetchBytes,
    })
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
    throw new FetchProblem('not_json', 'the document is not a JSON object')
  } catch (error) {
    if (!(error instanceof FetchProblem)) throw error
    if (error.code === 'not_json') throw new MCPAuthAuthServerError('invalid_server_metadata', { cause: error.message })
    throw new MCPAuthConfigError('fetch_server_config_error', `The server metadata cannot be had: ${error.message}`)
  }
}

function camelCaseMetadata(metadata: AuthorizationServerMetadata): CamelCaseAuthorizationServerMetadata {
  const members = Object.entries(metadata).map(([name, value]) => [toCamelCase(name), value])
  return camelCaseAuthorizationServerMetadataSchema.parse(Object.fromEntries(members))
}
