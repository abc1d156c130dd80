import type { MaybePromise } from '@postern/core'
import type { JWTVerifyOptions, RemoteJWKSetOptions } from 'jose'
import type { ResourceServerOptions } from '../options/types.ts'
import type { RequiredScopes } from '../requirement.ts'
import type { CamelCaseProtectedResourceMetadata } from './metadata.ts'
import type { AuthServerConfig } from './server-config.ts'

/** The way of verifying tokens that is built in. */
export type VerifyAccessTokenMode = 'jwt'

/** What a verifier says of a good token: the MCP SDK's AuthInfo, or as much of it as is known. */
export interface VerifiedInfo {
  readonly token?: string | undefined
  readonly issuer?: string | undefined
  readonly subject?: string | undefined
  readonly clientId?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly audience?: string | readonly string[] | undefined
  /** Seconds since the epoch. */
  readonly expiresAt?: number | undefined
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  readonly extra?: Readonly<Record<string, unknown>> | undefined
  readonly resource?: URL | undefined
}

/** Verifies a token in a way of one's own. Nothing, or an error of this layer's, refuses it. */
export type VerifyAccessTokenFunction = (token: string) => MaybePromise<VerifiedInfo | undefined | null | false>

/** Throws `MCPAuthBearerAuthError('invalid_issuer')` for an issuer that is not accepted. */
export type ValidateIssuerFunction = (tokenIssuer: string) => void

/** `rfc6750`: the answers of RFC 6750. `mcp-auth`: the same with mcp-auth's error codes, for clients that know these. */
export type ErrorFormat = 'rfc6750' | 'mcp-auth'

/** Options of `createResourceServer` that have no place among MCP Auth's own. */
export type KitOptions = Omit<
  ResourceServerOptions,
  | 'resource'
  | 'resourceName'
  | 'issuers'
  | 'requiredScopes'
  | 'scopesSupported'
  | 'verify'
  | 'metadata'
  | 'legacyServerMetadata'
>

export interface RouteConfig {
  /** Which of the protected resources this is; may be left out where there is one. */
  resource?: string
  /** What tokens must name as audience, one of several. Default: the resource. */
  audience?: string | readonly string[]
  /** All of a list, or any one of `anyOf`. */
  requiredScopes?: RequiredScopes
  /** Adds the machine reason of a refusal to its body, never what the token says. Not in production. */
  showErrorDetails?: boolean
  /** Default: that of the MCPAuth, which by default is `rfc6750`. */
  errorFormat?: ErrorFormat
}

export interface VerifyJwtConfig {
  /** Options of jose's `jwtVerify`. */
  jwtVerify?: JWTVerifyOptions
  /** Options of jose's `createRemoteJWKSet`. */
  remoteJwkSet?: RemoteJWKSetOptions
  /** The same, as the documentation spells it. */
  remoteJwtSet?: RemoteJWKSetOptions
}

export interface CustomConfig {
  /** Loosens: results without `expiresAt` are accepted. */
  allowNonExpiring?: boolean
}

export interface BearerAuthConfig extends RouteConfig, CustomConfig {
  verifyAccessToken: VerifyAccessTokenFunction
  issuer: string | ValidateIssuerFunction
  kit?: KitOptions
}

/** A protected resource and the authorization servers whose tokens it accepts. */
export interface ResourceServerConfig {
  metadata: Omit<CamelCaseProtectedResourceMetadata, 'authorizationServers'> & {
    authorizationServers?: AuthServerConfig[]
  }
}

/** The legacy mode: one authorization server, and no resource that tokens could name. */
export interface AuthServerModeConfig {
  server: AuthServerConfig
}

export interface ResourceServerModeConfig {
  protectedResources: ResourceServerConfig | ResourceServerConfig[]
}

export interface SharedConfig {
  /** Default `rfc6750`. */
  errorFormat?: ErrorFormat
  kit?: KitOptions
}

export type MCPAuthConfig = (AuthServerModeConfig | ResourceServerModeConfig) & SharedConfig
