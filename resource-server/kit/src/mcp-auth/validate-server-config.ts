import { camelCaseAuthorizationServerMetadataSchema, defaultValues } from './metadata.ts'
import type { SchemaError } from './schema.ts'
import type { ResolvedAuthServerConfig } from './server-config.ts'

export type AuthServerSuccessCode =
  | 'server_metadata_valid'
  | 'dynamic_registration_supported'
  | 'pkce_supported'
  | 's256_code_challenge_method_supported'
  | 'authorization_code_grant_supported'
  | 'code_response_type_supported'

export type AuthServerConfigErrorCode =
  | 'invalid_server_metadata'
  | 'code_response_type_not_supported'
  | 'authorization_code_grant_not_supported'
  | 'pkce_not_supported'
  | 's256_code_challenge_method_not_supported'

export type AuthServerConfigWarningCode = 'dynamic_registration_not_supported'

export interface AuthServerSuccess {
  code: AuthServerSuccessCode
  description: string
}

export interface AuthServerConfigError {
  code: AuthServerConfigErrorCode
  description: string
  cause?: Error
}

export interface AuthServerConfigWarning {
  code: AuthServerConfigWarningCode
  description: string
}

export type AuthServerConfigValidationResult =
  | { isValid: true; warnings: AuthServerConfigWarning[] }
  | { isValid: false; errors: AuthServerConfigError[]; warnings: AuthServerConfigWarning[] }

const descriptions: Readonly<
  Record<AuthServerSuccessCode | AuthServerConfigErrorCode | AuthServerConfigWarningCode, string>
> = {
  server_metadata_valid: 'The metadata has what authorization server metadata needs.',
  dynamic_registration_supported: 'Clients can register themselves (RFC 7591).',
  pkce_supported: 'The server supports PKCE (RFC 7636).',
  s256_code_challenge_method_supported: 'The server supports PKCE with S256.',
  authorization_code_grant_supported: 'The server supports the authorization code grant.',
  code_response_type_supported: 'The server supports the response type code.',
  invalid_server_metadata: 'The metadata is no authorization server metadata.',
  code_response_type_not_supported: 'No response type of the server contains code.',
  authorization_code_grant_not_supported: 'The server does not support the authorization code grant.',
  pkce_not_supported: 'The server does not say that it supports PKCE (RFC 7636).',
  s256_code_challenge_method_not_supported: 'The server does not support PKCE with S256.',
  dynamic_registration_not_supported: 'Clients cannot register themselves (RFC 7591) and have to be known beforehand.',
}

function named<C extends keyof typeof descriptions>(code: C): { code: C; description: string } {
  return { code, description: descriptions[code] }
}

/**
 * Looks whether an authorization server can do what MCP clients need: the authorization code grant with PKCE and S256.
 * With `verbose` the result lists what is well, too.
 */
export function validateServerConfig(config: Readonly<ResolvedAuthServerConfig>): AuthServerConfigValidationResult
export function validateServerConfig(
  config: Readonly<ResolvedAuthServerConfig>,
  verbose: true,
): AuthServerConfigValidationResult & { successes: AuthServerSuccess[] }
export function validateServerConfig(
  { metadata }: Readonly<ResolvedAuthServerConfig>,
  verbose = false,
): AuthServerConfigValidationResult & { successes?: AuthServerSuccess[] } {
  const parsed = camelCaseAuthorizationServerMetadataSchema.safeParse(metadata)
  const findings = parsed.success ? examine(parsed.data) : malformed(parsed.error)
  const { errors, warnings, successes } = findings
  const shown = verbose ? { successes } : {}
  return errors.length === 0 ? { isValid: true, warnings, ...shown } : { isValid: false, errors, warnings, ...shown }
}

interface Findings {
  readonly errors: AuthServerConfigError[]
  readonly warnings: AuthServerConfigWarning[]
  readonly successes: AuthServerSuccess[]
}

function malformed(cause: SchemaError): Findings {
  return { errors: [{ ...named('invalid_server_metadata'), cause }], warnings: [], successes: [] }
}

function examine(metadata: ResolvedAuthServerConfig['metadata']): Findings {
  const { responseTypesSupported, codeChallengeMethodsSupported, registrationEndpoint } = metadata
  const grants = metadata.grantTypesSupported ?? defaultValues.grantTypesSupported ?? []
  const findings: Findings = { errors: [], warnings: [], successes: [named('server_metadata_valid')] }
  const judge = (isWell: boolean, success: AuthServerSuccessCode, error: AuthServerConfigErrorCode) => {
    if (isWell) findings.successes.push(named(success))
    else findings.errors.push(named(error))
  }
  judge(
    responseTypesSupported.some((type) => type.split(' ').includes('code')),
    'code_response_type_supported',
    'code_response_type_not_supported',
  )
  judge(
    grants.includes('authorization_code'),
    'authorization_code_grant_supported',
    'authorization_code_grant_not_supported',
  )
  judge(codeChallengeMethodsSupported !== undefined, 'pkce_supported', 'pkce_not_supported')
  if (codeChallengeMethodsSupported !== undefined) {
    judge(
      codeChallengeMethodsSupported.includes('S256'),
      's256_code_challenge_method_supported',
      's256_code_challenge_method_not_supported',
    )
  }
  if (registrationEndpoint) findings.successes.push(named('dynamic_registration_supported'))
  else findings.warnings.push(named('dynamic_registration_not_supported'))
  return findings
}
