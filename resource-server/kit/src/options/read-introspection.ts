import { issuerMetadataUrls } from '@postern/core'
import { fetchUrlProblem } from '../keys/fetch-url.ts'
import { limits } from '../limits.ts'
import { ConfigError } from './config-error.ts'
import { isRecord, readBoolean, readNumber, readOneOf, readRecord, readText } from './fields.ts'
import type { ClientAuthentication, IntrospectionOptions, IntrospectionRules } from './introspection.ts'
import type { IssuerRules } from './settings.ts'

const known: readonly (keyof IntrospectionOptions)[] = [
  'endpoint',
  'clientId',
  'clientSecret',
  'privateKey',
  'cache',
  'timeout',
  'tokens',
  'prefix',
  'allowNonExpiring',
  'dialect',
]

/** Reads `issuers[].introspection`. */
export function readIntrospection(
  value: unknown,
  path: string,
  { issuer, discoveryUrl }: { readonly issuer: string; readonly discoveryUrl: string | undefined },
): IntrospectionRules | undefined {
  if (value === undefined) return undefined
  const options = readRecord(value, path, known)
  const dialect = readOneOf(options['dialect'], `${path}.dialect`, ['rfc7662', 'google'], 'rfc7662')
  const seconds = { min: 0, max: limits.introspectionCacheMaxSeconds, fallback: 0 }
  const timeout = { min: 0.001, max: 60, fallback: limits.introspectionTimeoutSeconds }
  return {
    endpoint: readEndpoint(options['endpoint'], `${path}.endpoint`, dialect),
    metadataUrls: discoveryUrl === undefined ? issuerMetadataUrls(issuer) : [discoveryUrl],
    authentication: readAuthentication(options, path, dialect),
    cacheMs: readNumber(options['cache'], `${path}.cache`, seconds) * 1000,
    timeoutMs: readNumber(options['timeout'], `${path}.timeout`, timeout) * 1000,
    tokens: readOneOf(options['tokens'], `${path}.tokens`, ['opaque', 'all'], 'opaque'),
    prefix: readPrefix(options['prefix'], `${path}.prefix`),
    allowNonExpiring: readBoolean(options['allowNonExpiring'], `${path}.allowNonExpiring`),
    dialect,
  }
}

function readEndpoint(value: unknown, path: string, dialect: IntrospectionRules['dialect']): string | undefined {
  if (value === undefined) {
    if (dialect === 'google') throw new ConfigError(path, 'name the tokeninfo endpoint; no metadata does')
    return undefined
  }
  const url = readText(value, path)
  const mend = fetchUrlProblem(url)
  if (mend !== undefined) throw new ConfigError(path, mend)
  return url
}

function readAuthentication(
  { clientId: id, clientSecret, privateKey }: Readonly<Record<string, unknown>>,
  path: string,
  dialect: IntrospectionRules['dialect'],
): ClientAuthentication {
  if (dialect === 'google') {
    if (id === undefined && clientSecret === undefined && privateKey === undefined) return { method: 'none' }
    throw new ConfigError(path, 'the dialect google knows no client authentication; remove clientId and its credential')
  }
  return readClientAuthentication({ clientId: id, clientSecret, privateKey }, path)
}

/** Reads how a client authenticates to its authorization server. */
export function readClientAuthentication(
  { clientId: id, clientSecret, privateKey }: Readonly<Record<string, unknown>>,
  path: string,
): ClientAuthentication {
  const clientId = readText(id, `${path}.clientId`)
  if ((clientSecret === undefined) === (privateKey === undefined)) {
    throw new ConfigError(path, 'give the client either a clientSecret or a privateKey')
  }
  if (clientSecret !== undefined) {
    return {
      method: 'client_secret_basic',
      clientId,
      clientSecret: readText(clientSecret, `${path}.clientSecret`),
    }
  }
  const { key, algorithm } = readPrivateKey(privateKey, `${path}.privateKey`)
  return { method: 'private_key_jwt', clientId, key, algorithm }
}

const curves: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }

function readPrivateKey(value: unknown, path: string): { key: Record<string, unknown>; algorithm: string } {
  if (!isRecord(value) || typeof value['d'] !== 'string') {
    throw new ConfigError(path, 'must be a private key as a JWK, with its member d')
  }
  const { alg, kty, crv } = value
  const usual = kty === 'RSA' ? 'RS256' : kty === 'OKP' ? 'EdDSA' : curves[String(crv)]
  const algorithm = typeof alg === 'string' ? alg : usual
  if (algorithm === undefined || !/^(?:[REP]S(?:256|384|512)|EdDSA|Ed25519)$/.test(algorithm)) {
    throw new ConfigError(path, 'must be an RSA, EC (P-256, P-384, P-521) or Ed25519 key; alg names an algorithm of it')
  }
  return { key: { ...value }, algorithm }
}

function readPrefix(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined
  const prefix = readText(value, path)
  if (!/^[A-Za-z0-9\-._~+/]+$/.test(prefix)) throw new ConfigError(path, 'must be what a bearer token can begin with')
  if (prefix.startsWith('ey')) throw new ConfigError(path, "JWTs begin so too; remove it and set tokens: 'all'")
  return prefix
}

/** Which issuer is asked about an opaque token must be clear before anybody is: a token shown to another issuer is lost. */
export function checkIntrospectionRoutes(issuers: readonly IssuerRules[], hasVerify: boolean): void {
  const seen = new Map<string | undefined, number>()
  for (const [index, { introspection }] of issuers.entries()) {
    if (introspection === undefined) continue
    const path = `issuers[${index}].introspection.prefix`
    const { prefix } = introspection
    if (prefix === undefined && hasVerify) {
      throw new ConfigError(path, 'verify gets the opaque tokens too; say how those of this issuer begin')
    }
    if (seen.has(prefix)) {
      throw new ConfigError(path, `issuers[${seen.get(prefix)}] gets the same tokens; say how those of this one begin`)
    }
    seen.set(prefix, index)
  }
}
