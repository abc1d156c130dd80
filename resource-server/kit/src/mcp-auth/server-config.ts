import type { CamelCaseAuthorizationServerMetadata } from './metadata.ts'

/** Which well-known document an authorization server has: RFC 8414's or OpenID Connect Discovery's. */
export type AuthServerType = 'oauth' | 'oidc'

/** An authorization server whose metadata is given. */
export interface ResolvedAuthServerConfig {
  metadata: CamelCaseAuthorizationServerMetadata
  type: AuthServerType
}

/** An authorization server whose metadata is fetched when it is first needed. */
export interface AuthServerDiscoveryConfig {
  issuer: string
  type: AuthServerType
}

export type AuthServerConfig = ResolvedAuthServerConfig | AuthServerDiscoveryConfig

/** The issuer of an authorization server, whichever way it is configured. */
export function getIssuer(config: AuthServerConfig): string {
  return 'metadata' in config ? config.metadata.issuer : config.issuer
}
