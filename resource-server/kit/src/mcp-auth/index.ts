/**
 * The names of the MCP Auth library (npm `mcp-auth` 0.2.0) and the names that its documentation has besides, on this kit:
 * a program changes its import and keeps its code.
 */
import '../adapters/express-auth.ts'

export type {
  AuthServerModeConfig,
  BearerAuthConfig,
  ErrorFormat,
  KitOptions,
  MCPAuthConfig,
  ResourceServerConfig,
  ResourceServerModeConfig,
  ValidateIssuerFunction,
  VerifiedInfo,
  VerifyAccessTokenFunction,
  VerifyAccessTokenMode,
  VerifyJwtConfig,
} from './config.ts'
export { createVerifyJwt, type JwtInfo } from './create-verify-jwt.ts'
export {
  type AuthServerErrorCode,
  authServerErrorDescription,
  type BearerAuthErrorCode,
  bearerAuthErrorDescription,
  MCPAuthAuthServerError,
  MCPAuthBearerAuthError,
  type MCPAuthBearerAuthErrorDetails,
  MCPAuthConfigError,
  MCPAuthError,
  MCPAuthJwtVerificationError,
  MCPAuthTokenVerificationError,
  type MCPAuthTokenVerificationErrorCode,
  tokenVerificationErrorDescription,
} from './errors.ts'
export {
  fetchServerConfig,
  fetchServerConfigByWellKnownUrl,
  type ServerMetadataConfig,
  serverMetadataPaths,
} from './fetch-server-config.ts'
export { handleBearerAuth } from './handle-bearer-auth.ts'
export { MCPAuth } from './mcp-auth.ts'
export {
  type AuthorizationServerMetadata,
  authorizationServerMetadataSchema,
  type CamelCaseAuthorizationServerMetadata,
  type CamelCaseProtectedResourceMetadata,
  camelCaseAuthorizationServerMetadataSchema,
  camelCaseProtectedResourceMetadataSchema,
  defaultValues,
  type ProtectedResourceMetadata,
  protectedResourceMetadataSchema,
} from './metadata.ts'
export type { Schema, SchemaError, SchemaIssue } from './schema.ts'
export {
  type AuthServerConfig,
  type AuthServerDiscoveryConfig,
  type AuthServerType,
  getIssuer,
  type ResolvedAuthServerConfig,
} from './server-config.ts'
export {
  type AuthServerConfigError,
  type AuthServerConfigErrorCode,
  type AuthServerConfigWarning,
  type AuthServerConfigWarningCode,
  type AuthServerSuccess,
  type AuthServerSuccessCode,
  validateServerConfig,
} from './validate-server-config.ts'
