import { checkIssuer } from '@postern/core'
import { fetchUrlProblem } from '../keys/fetch-url.ts'
import { ConfigError } from '../options/config-error.ts'
import { readOneOf, readRecord, readText } from '../options/fields.ts'
import type { IssuerOptions } from '../options/types.ts'
import { MCPAuthAuthServerError } from './errors.ts'
import { metadataUrlOf } from './fetch-server-config.ts'
import { type AuthServerConfig, getIssuer } from './server-config.ts'
import { validateServerConfig } from './validate-server-config.ts'

/**
 * Checks one configured authorization server. Metadata that is given must be that of a server which MCP clients can use.
 * Throws `MCPAuthAuthServerError` where it is not, `ConfigError` for what is no configuration of a server.
 */
export function checkServer(server: AuthServerConfig, path: string): void {
  if (typeof server !== 'object' || server === null) {
    throw new ConfigError(path, 'must be { issuer, type } or { metadata, type }')
  }
  readRecord(server, path, ['metadata' in server ? 'metadata' : 'issuer', 'type'])
  readOneOf(server.type, `${path}.type`, ['oauth', 'oidc'], 'oidc')
  if ('metadata' in server) {
    const result = validateServerConfig(server)
    if (!result.isValid) {
      const cause = result.errors.map(({ description }) => description).join(' ')
      throw new MCPAuthAuthServerError('invalid_server_config', { ...result, cause: `${path}: ${cause}` })
    }
    checkUrls(server.metadata, `${path}.metadata`)
  } else {
    checkUrls(server, path)
  }
}

function checkUrls({ issuer, jwksUri }: { issuer: string; jwksUri?: string | undefined }, path: string): void {
  const checked = checkIssuer(readText(issuer, `${path}.issuer`))
  if (!checked.ok) throw new ConfigError(`${path}.issuer`, checked.message)
  const mend = jwksUri === undefined ? undefined : fetchUrlProblem(jwksUri)
  if (mend !== undefined) throw new ConfigError(`${path}.jwksUri`, mend)
}

/** What the kit needs to know of an authorization server to verify its tokens. */
export function issuerOptions(server: AuthServerConfig): IssuerOptions {
  const issuer = getIssuer(server)
  return { issuer, scopeClaim: ['scope', 'scopes', 'scp'], ...keysOf(server, issuer) }
}

function keysOf(server: AuthServerConfig, issuer: string): Pick<IssuerOptions, 'jwksUri' | 'discoveryUrl'> {
  if ('metadata' in server) return server.metadata.jwksUri === undefined ? {} : { jwksUri: server.metadata.jwksUri }
  return { discoveryUrl: metadataUrlOf(issuer, server.type) }
}

/** JWTs can be verified only with keys that can be found. */
export function checkKeys(servers: readonly AuthServerConfig[]): void {
  for (const server of servers) {
    if ('metadata' in server && server.metadata.jwksUri === undefined) {
      throw new MCPAuthAuthServerError('missing_jwks_uri', { cause: `issuer: ${server.metadata.issuer}` })
    }
  }
}
