import { camelCased } from './casing.ts'
import { createSchema, type Document, flag, neededText, neededTexts, text, texts } from './schema.ts'

/** Members of authorization server metadata (RFC 8414 §2, and `userinfo_endpoint` of OpenID Connect Discovery §3). */
export const authorizationServerShape = {
  issuer: neededText,
  authorization_endpoint: neededText,
  token_endpoint: neededText,
  jwks_uri: text,
  registration_endpoint: text,
  scopes_supported: texts,
  response_types_supported: neededTexts,
  response_modes_supported: texts,
  grant_types_supported: texts,
  token_endpoint_auth_methods_supported: texts,
  token_endpoint_auth_signing_alg_values_supported: texts,
  service_documentation: text,
  ui_locales_supported: texts,
  op_policy_uri: text,
  op_tos_uri: text,
  revocation_endpoint: text,
  revocation_endpoint_auth_methods_supported: texts,
  revocation_endpoint_auth_signing_alg_values_supported: texts,
  introspection_endpoint: text,
  introspection_endpoint_auth_methods_supported: texts,
  introspection_endpoint_auth_signing_alg_values_supported: texts,
  code_challenge_methods_supported: texts,
  userinfo_endpoint: text,
} as const

/** Members of protected resource metadata (RFC 9728 §2). */
export const protectedResourceShape = {
  resource: neededText,
  authorization_servers: texts,
  jwks_uri: text,
  scopes_supported: texts,
  bearer_methods_supported: texts,
  resource_signing_alg_values_supported: texts,
  resource_name: text,
  resource_documentation: text,
  resource_policy_uri: text,
  resource_tos_uri: text,
  tls_client_certificate_bound_access_tokens: flag,
  authorization_details_types_supported: texts,
  dpop_signing_alg_values_supported: texts,
  dpop_bound_access_tokens_required: flag,
  signed_metadata: text,
} as const

const camelAuthorizationServerShape = camelCased(authorizationServerShape)
const camelProtectedResourceShape = camelCased(protectedResourceShape)

export type AuthorizationServerMetadata = Document<typeof authorizationServerShape>
export type CamelCaseAuthorizationServerMetadata = Document<typeof camelAuthorizationServerShape>
export type ProtectedResourceMetadata = Document<typeof protectedResourceShape>
export type CamelCaseProtectedResourceMetadata = Document<typeof camelProtectedResourceShape>

/** Authorization server metadata as it is on the wire. */
export const authorizationServerMetadataSchema = createSchema(authorizationServerShape)
/** The same with names in camel case, as the configuration has it. */
export const camelCaseAuthorizationServerMetadataSchema = createSchema(camelAuthorizationServerShape)
/** Protected resource metadata as it is on the wire. */
export const protectedResourceMetadataSchema = createSchema(protectedResourceShape)
/** The same with names in camel case, as the configuration has it. */
export const camelCaseProtectedResourceMetadataSchema = createSchema(camelProtectedResourceShape)

/** What authorization server metadata means where it says nothing (RFC 8414 §2). */
export const defaultValues: Readonly<Partial<CamelCaseAuthorizationServerMetadata>> = Object.freeze({
  grantTypesSupported: ['authorization_code', 'implicit'],
  responseModesSupported: ['query', 'fragment'],
})
