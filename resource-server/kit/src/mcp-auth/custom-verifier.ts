import { Refusal } from '../refusal.ts'
import type { Parts } from '../resource-server.ts'
import { createApiKeyVerifier } from '../tokens/api-key.ts'
import { type CustomResult, type CustomVerifier, createCustomVerifier } from '../tokens/custom.ts'
import { createRoute } from '../tokens/route.ts'
import type { ValidateIssuerFunction, VerifiedInfo, VerifyAccessTokenFunction } from './config.ts'
import { bearerAuthErrorDescription, tokenVerificationErrorDescription } from './errors.ts'
import { CodedRefusal, type WireCode } from './refusals.ts'

export interface CustomRules {
  readonly verify: VerifyAccessTokenFunction
  /** Judges the issuer, where no list of issuers does. */
  readonly validateIssuer: ValidateIssuerFunction | undefined
  /** What results may name as audience. */
  readonly audiences: ReadonlySet<string> | 'any'
  /** Must they name one? They must where the option asks for one, as in mcp-auth. */
  readonly namesAudience: boolean
  readonly allowNonExpiring: boolean
}

/** Verifies all tokens, JWTs as well, with a function of the host's, which the kit's contract holds to account. */
export function customVerification(rules: CustomRules): Required<Parts>['createVerify'] {
  return (settings, _sources, state) => {
    const { apiKeys, scopeHierarchy: hierarchy } = settings
    const issuers = rules.validateIssuer === undefined ? settings.issuers.map(({ issuer }) => issuer) : []
    const shared = { ...settings, hierarchy, issuers }
    const options = { token: adapt(rules), allowNonExpiring: rules.allowNonExpiring }
    const route = createRoute({
      jwt: undefined,
      apiKey: apiKeys === undefined ? undefined : createApiKeyVerifier({ ...shared, store: apiKeys }),
      custom: createCustomVerifier({ ...shared, options, audiences: rules.audiences }),
    })
    return (token) => {
      if (state.isClosed) throw new Refusal('keys_unavailable')
      return route(token)
    }
  }
}

function adapt({ verify, validateIssuer, namesAudience }: CustomRules): CustomVerifier {
  return async (token) => {
    try {
      const info = await verify(token)
      if (typeof info !== 'object' || info === null) return info
      if (validateIssuer !== undefined) validateIssuer(issuerOf(info))
      if (namesAudience && info.audience === undefined) throw new Refusal('audience_missing')
      return resultOf(info)
    } catch (error) {
      throw refusalOf(error)
    }
  }
}

function issuerOf({ issuer }: VerifiedInfo): string {
  if (typeof issuer !== 'string') throw new Refusal('issuer_unknown')
  return issuer
}

/** What the kit takes of it. Members that no AuthInfo has go to `extra`, where tools find them. */
function resultOf({ token: _, resource: __, extra, ...info }: VerifiedInfo): CustomResult {
  const known = new Map<string, unknown>()
  const more: [string, unknown][] = []
  for (const [name, value] of Object.entries(info)) {
    if (!members.has(name)) more.push([name, value])
    else if (value !== undefined) known.set(name, value)
  }
  return { ...Object.fromEntries(known), extra: { ...Object.fromEntries(more), ...extra } }
}

const members = new Set(['issuer', 'subject', 'clientId', 'scopes', 'audience', 'expiresAt', 'claims'])

/** An error of this layer's, or of mcp-auth's own classes, says how to answer. Any other stays what it is: a failure. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !error.name.startsWith('MCPAuth')) return error
  if (error.code === 'fetch_server_config_error') return new Refusal('keys_unavailable')
  switch (error.code) {
    case 'temporarily_unavailable':
      return new Refusal('keys_unavailable')
    case 'invalid_issuer':
      return new CodedRefusal('issuer_unknown', error.code)
    case 'invalid_audience':
      return new CodedRefusal('audience_mismatch', error.code)
    case 'missing_required_scopes':
      return new CodedRefusal('insufficient_scope', error.code, missingScopesOf(error))
    default:
      return isWireCode(error.code) ? new CodedRefusal('custom_refused', error.code) : error
  }
}

function isWireCode(code: unknown): code is WireCode {
  return (
    typeof code === 'string' &&
    (Object.hasOwn(bearerAuthErrorDescription, code) || Object.hasOwn(tokenVerificationErrorDescription, code))
  )
}

function missingScopesOf({ cause }: Error): readonly string[] {
  const missing = typeof cause === 'object' && cause !== null && 'missingScopes' in cause ? cause.missingScopes : []
  return Array.isArray(missing) ? missing.filter((scope) => typeof scope === 'string') : []
}
