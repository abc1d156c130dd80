import { checkResource, type EventSink, protectedResourceMetadataUrl, type Reason } from '@postern/core'
import { limits } from '../limits.ts'
import { advertised, combineRequirements, type RequiredScopes } from '../requirement.ts'
import type { CustomVerifierOptions } from '../tokens/custom.ts'
import { ConfigError } from './config-error.ts'
import {
  readBoolean,
  readClock,
  readFunction,
  readNumber,
  readOneOf,
  readRecord,
  readScopes,
  readText,
} from './fields.ts'
import { joinAdvertised } from './read-advertised.ts'
import { readApiKeys } from './read-api-keys.ts'
import { readDpop, readMtls } from './read-binding.ts'
import { readCache, readKeyTimes } from './read-caching.ts'
import { readEntrance } from './read-entrance.ts'
import { checkIntrospectionRoutes } from './read-introspection.ts'
import { issuerOptions, readIssuer } from './read-issuer.ts'
import { readLegacyServerMetadata, readMetadata } from './read-metadata.ts'
import { readHierarchy, readRequiredScopes } from './read-scopes.ts'
import type { IssuerRules, Settings } from './settings.ts'
import type { ResourceServerOptions } from './types.ts'

const known: readonly (keyof ResourceServerOptions)[] = [
  'resource',
  'resourceName',
  'issuers',
  'requiredScopes',
  'scopeHierarchy',
  'scopesSupported',
  'apiKeys',
  'verify',
  'isRevoked',
  'revocations',
  'dpop',
  'mtls',
  'clockTolerance',
  'cache',
  'keys',
  'network',
  'fetch',
  'clock',
  'onEvent',
  'metadata',
  'rootMetadata',
  'cors',
  'allowedOrigins',
  'allowedHosts',
  'failureLimit',
  'legacyServerMetadata',
]

/** Validates the options and fills in the defaults. Throws `ConfigError`, which names the option and its mend. */
export function readOptions(options: ResourceServerOptions): Settings {
  readRecord(options, '', known, { 'an entry of issuers': issuerOptions })
  const resource = readResource(options.resource)
  const tolerance = { min: 0, max: limits.clockToleranceMaxSeconds, fallback: limits.clockToleranceSeconds }
  const clockTolerance = readNumber(options.clockTolerance, 'clockTolerance', tolerance)
  const issuers = readIssuers(options, resource, clockTolerance)
  const apiKeys = readApiKeys(options.apiKeys)
  const verify = readVerify(options.verify)
  checkIntrospectionRoutes(issuers, verify !== undefined)
  if (issuers.length === 0 && apiKeys === undefined && verify === undefined) {
    throw new ConfigError(
      'issuers',
      'name at least one issuer whose tokens are accepted, such as { issuer: "https://as.example" }',
    )
  }
  const requiredScopes = readRequiredScopes(options.requiredScopes, 'requiredScopes')
  return {
    resource,
    resourceName: readText(options.resourceName ?? resource, 'resourceName'),
    metadataUrl: issuers.length === 0 ? undefined : protectedResourceMetadataUrl(resource),
    issuers,
    requiredScopes,
    scopeHierarchy: readHierarchy(options.scopeHierarchy),
    scopesSupported:
      options.scopesSupported === undefined
        ? (combineRequirements(requiredScopes).challenge?.split(' ') ?? [])
        : readScopes(options.scopesSupported, 'scopesSupported'),
    advertise: joinAdvertised(issuers),
    apiKeys,
    verify,
    isRevoked: readFunction(options.isRevoked, 'isRevoked'),
    revocations: readOneOf(options.revocations, 'revocations', ['follow', 'require', 'off'], 'follow'),
    dpop: readDpop(options.dpop, apiKeys !== undefined),
    findCertificate: readMtls(options.mtls),
    cachedTokens: readCache(options.cache),
    keyTimes: readKeyTimes(options.keys),
    network: readOneOf(options.network, 'network', ['any', 'public-only'], 'any'),
    fetch: readFunction(options.fetch, 'fetch'),
    clock: readClock(options.clock, 'clock'),
    onEvent: neverThrowing(readFunction(options.onEvent, 'onEvent')),
    metadata: readMetadata(options.metadata, resource),
    rootMetadata: readBoolean(options.rootMetadata, 'rootMetadata'),
    cors: options.cors === undefined ? true : readBoolean(options.cors, 'cors'),
    entrance: readEntrance(options),
    legacyServerMetadata: readLegacyServerMetadata(options.legacyServerMetadata, issuers),
    clockTolerance,
    warnings: listWarnings(issuers, verify, requiredScopes),
  }
}

function readResource(value: unknown): string {
  const checked = checkResource(readText(value, 'resource'))
  if (!checked.ok) throw new ConfigError('resource', checked.message)
  if (checked.resource.startsWith('urn:')) {
    throw new ConfigError('resource', 'must be the URL of the MCP endpoint; put the URN into issuers[].audience')
  }
  return checked.resource
}

function readIssuers(options: ResourceServerOptions, resource: string, clockTolerance: number): readonly IssuerRules[] {
  const { issuers = [] } = options
  if (!Array.isArray(issuers))
    throw new ConfigError('issuers', 'must be a list, such as [{ issuer: "https://as.example" }]')
  const rules = issuers.map((issuer, index) => readIssuer(issuer, `issuers[${index}]`, { resource, clockTolerance }))
  for (const [index, { issuer }] of rules.entries()) {
    if (rules.findIndex((other) => other.issuer === issuer) < index) {
      throw new ConfigError(`issuers[${index}].issuer`, 'is there twice; join the two entries')
    }
  }
  return rules
}

function readVerify(value: ResourceServerOptions['verify']): CustomVerifierOptions | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'function') return { token: value }
  readRecord(value, 'verify', ['token', 'timeout', 'allowNonExpiring'])
  if (typeof value.token !== 'function') throw new ConfigError('verify.token', 'must be a function')
  readBoolean(value.allowNonExpiring, 'verify.allowNonExpiring')
  readNumber(value.timeout, 'verify.timeout', { min: 0.001, max: 60, fallback: 5 })
  return value
}

/** A sink that fails must not decide whether a request passes. */
function neverThrowing(sink: EventSink | undefined): EventSink | undefined {
  if (sink === undefined) return undefined
  return (event) => {
    try {
      const taken: unknown = sink(event)
      if (taken instanceof Promise) taken.catch(() => undefined)
    } catch {
      // Who cannot take events loses them.
    }
  }
}

/** One event for each option that loosens a check, and one where scopes are required that clients are never asked for. */
function listWarnings(
  issuers: readonly IssuerRules[],
  verify: CustomVerifierOptions | undefined,
  required: RequiredScopes,
): Reason[] {
  const warnings: Reason[] = []
  for (const { acceptClientIdAudience, allowMissing, audienceClaim, clientClaims, introspection } of issuers) {
    if (clientClaims.includes(audienceClaim)) warnings.push('setting_loosened')
    if (introspection?.allowNonExpiring === true) warnings.push('setting_loosened')
    if (acceptClientIdAudience) warnings.push('setting_loosened')
    if (allowMissing.size > 0) warnings.push('setting_loosened')
  }
  if (verify?.allowNonExpiring === true) warnings.push('setting_loosened')
  const scopes = 'anyOf' in required ? required.anyOf : required
  if (advertised(scopes).length < new Set(scopes).size) warnings.push('invalid_scope')
  return warnings
}
