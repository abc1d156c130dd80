import { parseJws } from '@postern/core'
import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import { audienceOf } from '../checks/audience.ts'
import { clientIdOf } from '../checks/client.ts'
import { member, type TokenContext } from '../checks/context.ts'
import { headerChecks, tokenChecks } from '../checks/pipeline.ts'
import { scopesOf } from '../checks/scope-claim.ts'
import { numericDate } from '../checks/time.ts'
import { limits } from '../limits.ts'
import { readAlgorithms } from '../options/algorithms.ts'
import { readOptions } from '../options/read-options.ts'
import type { IssuerRules } from '../options/settings.ts'
import { Refusal } from '../refusal.ts'
import { MCPAuthError, MCPAuthTokenVerificationError } from './errors.ts'
import { readSeconds } from './seconds.ts'

/** What a JWT that verified says. */
export interface JwtInfo {
  token: string
  issuer: string
  subject: string
  /** Empty where the token names no client. */
  clientId: string
  scopes: string[]
  audience: string[]
  /** Seconds since the epoch. */
  expiresAt: number
  claims: Record<string, unknown>
}

/**
 * Makes a verifier of JWTs from what finds their keys, such as jose's createRemoteJWKSet, and options of jose's
 * `jwtVerify`. Whatever these say, the token is an access token as the kit understands it: strictly encoded, asymmetrically
 * signed, alive, with an end and a subject, no ID token, not bound to a key. The issuer is for the caller to judge.
 *
 * The verifier rejects with `MCPAuthTokenVerificationError('invalid_token')`; with `MCPAuthError('temporarily_unavailable')`
 * where no key can be had.
 */
export function createVerifyJwt(
  getKey: JWTVerifyGetKey,
  options: JWTVerifyOptions = {},
): (token: string) => Promise<JwtInfo> {
  const algorithms = [...readAlgorithms(options.algorithms, 'algorithms')]
  const rules = rulesFor(readSeconds(options.clockTolerance, 'clockTolerance') ?? 0)
  return async (token) => {
    const context = readToken(token, rules, options.currentDate)
    try {
      run(headerChecks, context)
      await jwtVerify(token, getKey, { ...options, algorithms })
      run(tokenChecks, context)
      if (Object.hasOwn(context.claims, 'cnf')) throw new Refusal('binding_not_supported')
      return infoOf(token, context)
    } catch (error) {
      throw verificationError(error)
    }
  }
}

function run(checks: typeof tokenChecks, context: TokenContext): void {
  for (const check of checks) check(context)
}

/** The usual rules for an issuer, which here is any. */
function rulesFor(clockTolerance: number): IssuerRules {
  const scopeClaim = ['scope', 'scopes', 'scp']
  const [rules] = readOptions({
    resource: 'https://resource.invalid',
    issuers: [{ issuer: 'https://issuer.invalid', scopeClaim }],
    clockTolerance,
  }).issuers
  if (rules === undefined) throw new TypeError('there are no rules')
  return { ...rules, anyAudience: true, allowMissing: new Set(['client_id']) }
}

function readToken(token: string, rules: IssuerRules, date: Date | undefined): TokenContext {
  const jws = parseJws(token, { maxLength: limits.tokenLength })
  if (jws.malformed !== undefined) throw verificationError(new Refusal(jws.malformed))
  return { header: jws.header, claims: jws.payload, rules, now: (date?.getTime() ?? Date.now()) / 1000 }
}

function infoOf(token: string, context: TokenContext): JwtInfo {
  const { claims } = context
  const issuer = member(claims, 'iss')
  if (typeof issuer !== 'string' || issuer === '') throw new Refusal('issuer_unknown')
  return {
    token,
    issuer,
    subject: String(member(claims, 'sub')),
    clientId: clientIdOf(context) ?? '',
    scopes: [...scopesOf(context)],
    audience: [...audienceOf(context)],
    expiresAt: numericDate(claims, 'exp') ?? 0,
    claims: { ...claims },
  }
}

/** Errors of jose that are about the keys' whereabouts and not about the token. */
const outages = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'])

function verificationError(error: unknown): MCPAuthError {
  if (error instanceof Refusal) return new MCPAuthTokenVerificationError('invalid_token', { reason: error.reason })
  if (error instanceof errors.JOSEError && !outages.has(error.code)) {
    return new MCPAuthTokenVerificationError('invalid_token', { code: error.code })
  }
  return new MCPAuthError('temporarily_unavailable', 'The key of the access token cannot be had at the moment.')
}
