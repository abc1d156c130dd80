import type { NodeHandler } from '../adapters/node.ts'
import { readBoolean, readRecord } from '../options/fields.ts'
import { createBearer, type Ground, ownResource, readAudience } from './bearer.ts'
import type { BearerAuthConfig } from './config.ts'
import { customVerification } from './custom-verifier.ts'
import { readErrorFormat, readKit } from './read-config.ts'

const known: readonly (keyof BearerAuthConfig)[] = [
  'verifyAccessToken',
  'issuer',
  'resource',
  'audience',
  'requiredScopes',
  'showErrorDetails',
  'errorFormat',
  'allowNonExpiring',
  'kit',
]

/**
 * The handler that `bearerAuth` makes, from its parts: a function that verifies tokens, and who may have issued them.
 *
 * Throws TypeError where one of these two is missing, `ConfigError` for other options that make no sense.
 */
export function handleBearerAuth(config: BearerAuthConfig): NodeHandler {
  readRecord(config, '', known)
  const { verifyAccessToken: verify, issuer } = config
  if (typeof verify !== 'function') throw new TypeError('verifyAccessToken: must be a function that verifies a token')
  if (typeof issuer !== 'function' && !(typeof issuer === 'string' && URL.canParse(issuer))) {
    throw new TypeError('issuer: must be a URL, or a function that throws for issuers that are not accepted')
  }
  const named = readAudience(config.audience)
  const { resource, ...own } = ownResource(config)
  const audiences = named ?? own.audiences
  const allowNonExpiring = readBoolean(config.allowNonExpiring, 'allowNonExpiring')
  const createVerify = customVerification({
    verify,
    validateIssuer: typeof issuer === 'function' ? issuer : undefined,
    audiences: audiences === undefined ? 'any' : new Set(audiences),
    namesAudience: named !== undefined,
    allowNonExpiring,
  })
  const issuers = typeof issuer === 'function' ? [] : [{ issuer }]
  const ground: Ground = {
    ...own,
    options: { ...readKit(config.kit), resource, issuers, verify: () => undefined },
    errorFormat: readErrorFormat(config.errorFormat),
    warn: () => undefined,
  }
  return createBearer(ground, config, { options: {}, audiences, createVerify, loosens: allowNonExpiring })
}
