import { canonicalResource, checkIssuer, issuerMetadataUrls, type MaybePromise } from '@postern/core'
import { fetchUrlProblem } from '../keys/fetch-url.ts'
import { inspectJwk } from '../keys/inspect-jwk.ts'
import { readAlgorithms } from './algorithms.ts'
import { ConfigError } from './config-error.ts'
import { isRecord, readBoolean, readNumber, readOneOf, readRecord, readText, readTexts } from './fields.ts'
import { readAdvertised } from './read-advertised.ts'
import { readIntrospection } from './read-introspection.ts'
import type { IssuerRules } from './settings.ts'
import type { ClaimRule, IssuerOptions, JwkSet } from './types.ts'

/** The options of an entry of `issuers`. */
export const issuerOptions: readonly (keyof IssuerOptions)[] = [
  'issuer',
  'discoveryUrl',
  'jwksUri',
  'jwks',
  'algorithms',
  'audience',
  'audienceMatch',
  'audienceClaim',
  'exclusiveAudience',
  'acceptClientIdAudience',
  'profile',
  'allowedClients',
  'claims',
  'scopeClaim',
  'allowMissingClaims',
  'maxTokenLifetime',
  'clientClaim',
  'tokenUse',
  'introspection',
  'advertisedScopes',
]

/** Validates one entry of `issuers`. */
export function readIssuer(
  options: IssuerOptions,
  path: string,
  { resource, clockTolerance }: { readonly resource: string; readonly clockTolerance: number },
): IssuerRules {
  readRecord(options, path, issuerOptions)
  const issuer = readIssuerName(options.issuer, `${path}.issuer`)
  const clients = readTexts(options.allowedClients, `${path}.allowedClients`)
  const profile = readOneOf(options.profile, `${path}.profile`, ['compatible', 'rfc9068'], 'compatible')
  const lifetime = { min: 1, max: Number.MAX_SAFE_INTEGER, fallback: 0 }
  return {
    issuer,
    keys: readKeys(options, path, issuer),
    algorithms: readAlgorithms(options.algorithms, `${path}.algorithms`),
    audiences: readAudiences(options.audience, `${path}.audience`, resource),
    audienceMatch: readOneOf(options.audienceMatch, `${path}.audienceMatch`, ['exact', 'canonical'], 'exact'),
    audienceClaim: readText(options.audienceClaim ?? 'aud', `${path}.audienceClaim`),
    exclusiveAudience: readBoolean(options.exclusiveAudience, `${path}.exclusiveAudience`),
    acceptClientIdAudience: readBoolean(options.acceptClientIdAudience, `${path}.acceptClientIdAudience`),
    profile,
    allowedClients: clients === undefined ? undefined : new Set(clients),
    claimRules: readClaimRules(options.claims, `${path}.claims`),
    clientClaims:
      readOneOrMore(options.clientClaim, `${path}.clientClaim`) ??
      (profile === 'rfc9068' ? ['client_id'] : ['client_id', 'azp']),
    tokenUse: readTokenUse(options.tokenUse, `${path}.tokenUse`),
    scopeClaims: readOneOrMore(options.scopeClaim, `${path}.scopeClaim`) ?? ['scope', 'scp'],
    allowMissing: readAllowMissing(options.allowMissingClaims, `${path}.allowMissingClaims`),
    maxTokenLifetime: readNumber(options.maxTokenLifetime, `${path}.maxTokenLifetime`, lifetime) || undefined,
    introspection: readIntrospection(options.introspection, `${path}.introspection`, {
      issuer,
      discoveryUrl: options.discoveryUrl,
    }),
    advertise: readAdvertised(options.advertisedScopes, `${path}.advertisedScopes`),
    clockTolerance,
  }
}

function readIssuerName(value: unknown, path: string): string {
  const checked = checkIssuer(readText(value, path))
  if (!checked.ok) throw new ConfigError(path, checked.message)
  return checked.issuer
}

function readKeys(options: IssuerOptions, path: string, issuer: string): IssuerRules['keys'] {
  const { discoveryUrl, jwksUri, jwks } = options
  if ([discoveryUrl, jwksUri, jwks].filter((source) => source !== undefined).length > 1) {
    throw new ConfigError(path, 'names its keys in more than one way; keep one of discoveryUrl, jwksUri and jwks')
  }
  if (jwks !== undefined) {
    return { from: 'local', load: readJwks(jwks, `${path}.jwks`), isFixed: typeof jwks !== 'function' }
  }
  if (jwksUri !== undefined) return { from: 'uri', uri: readFetchUrl(jwksUri, `${path}.jwksUri`) }
  if (discoveryUrl !== undefined)
    return { from: 'discovery', urls: [readFetchUrl(discoveryUrl, `${path}.discoveryUrl`)] }
  return { from: 'discovery', urls: issuerMetadataUrls(issuer) }
}

function readJwks(value: NonNullable<IssuerOptions['jwks']>, path: string): () => MaybePromise<JwkSet> {
  if (typeof value === 'function') return value
  if (!isRecord(value) || !Array.isArray(value['keys'])) {
    throw new ConfigError(path, 'must be a JWK set, {"keys": […]}, or a function that gives one')
  }
  if (!value.keys.some((jwk) => inspectJwk(jwk).usable)) {
    throw new ConfigError(path, 'has no public key that could verify a signature')
  }
  return () => value
}

/** An URL that keys or metadata may be fetched from: https, or http on a loopback host, no credentials, no fragment. */
function readFetchUrl(value: unknown, path: string): string {
  const text = readText(value, path)
  const mend = fetchUrlProblem(text)
  if (mend !== undefined) throw new ConfigError(path, mend)
  return text
}

/** The audiences to accept: the given ones, to the letter, or the resource (whose bare origin has two spellings, RFC 3986 §6.2.3). */
function readAudiences(value: unknown, path: string, resource: string): ReadonlySet<string> {
  const given = readOneOrMore(value, path)
  if (given !== undefined) return new Set(given)
  return new Set([resource, ...(canonicalResource(`${resource}/`) === resource ? [`${resource}/`] : [])])
}

function readOneOrMore(value: unknown, path: string): readonly string[] | undefined {
  return typeof value === 'string' ? [readText(value, path)] : readTexts(value, path)
}

function readTokenUse(value: unknown, path: string): IssuerRules['tokenUse'] {
  if (value === undefined) return []
  if (!isRecord(value))
    throw new ConfigError(path, "must be an object of claims and texts, such as { token_use: 'access' }")
  return Object.entries(value).map(([name, use]) => {
    const allowed = readOneOrMore(use, `${path}.${name}`)
    if (allowed === undefined) throw new ConfigError(`${path}.${name}`, 'must be a string or a list of strings')
    return [name, allowed]
  })
}

function readAllowMissing(value: unknown, path: string): ReadonlySet<string> {
  const names = readTexts(value, path) ?? []
  for (const [index, name] of names.entries()) {
    if (name !== 'sub' && name !== 'client_id') {
      throw new ConfigError(
        `${path}[${index}]`,
        "must be 'sub' or 'client_id'; the other claims cannot be done without",
      )
    }
  }
  return new Set(names)
}

function readClaimRules(value: unknown, path: string): readonly (readonly [string, ClaimRule])[] {
  if (value === undefined) return []
  if (!isRecord(value)) throw new ConfigError(path, 'must be an object of claim names and rules')
  return Object.entries(value).map(([name, rule]) => [name, readClaimRule(rule, `${path}.${name}`)])
}

function readClaimRule(value: unknown, path: string): ClaimRule {
  if (isScalar(value)) return value
  if (typeof value === 'function') return (claim) => value(claim) === true
  if (Array.isArray(value) && value.length > 0 && value.every(isScalar)) return value
  throw new ConfigError(
    path,
    'must be a string, number, boolean, a list of these with at least one entry, or a function',
  )
}

function isScalar(value: unknown): value is string | number | boolean {
  return (
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  )
}
