import { checkIssuer } from '@postern/core'
import { ConfigError } from '../options/config-error.ts'
import { readText } from '../options/fields.ts'
import type { IssuerOptions } from '../options/types.ts'
import { readNames, readPreset, readSegment } from './read.ts'

export interface KeycloakOptions {
  /** Where Keycloak stands for its users, such as `https://sso.example.com` (older ones have `/auth` behind that). */
  readonly url: string
  readonly realm: string
  /** What an audience mapper puts into its tokens. Default: the resource. */
  readonly audience?: string | readonly string[]
}

/**
 * A Keycloak realm. Its access tokens say `typ: "Bearer"` (or `"DPoP"`) in their claims, its ID and refresh tokens
 * something else. Tokens of a fresh realm name only `account` as audience: add an audience mapper to a client scope.
 */
export function keycloak(options: KeycloakOptions): IssuerOptions {
  readPreset(options, 'keycloak', ['url', 'realm', 'audience'])
  const realm = readSegment(options.realm, 'keycloak.realm')
  if (/\/realms\//.test(readText(options.url, 'keycloak.url'))) {
    throw new ConfigError('keycloak.url', 'must be where Keycloak itself stands; remove /realms and what follows')
  }
  const checked = checkIssuer(`${readText(options.url, 'keycloak.url').replace(/\/+$/, '')}/realms/${realm}`)
  if (!checked.ok) throw new ConfigError('keycloak.url', checked.message)
  return {
    issuer: checked.issuer,
    discoveryUrl: `${checked.issuer}/.well-known/openid-configuration`,
    ...(options.audience === undefined ? {} : { audience: readNames(options.audience, 'keycloak.audience') }),
    clientClaim: ['azp', 'client_id'],
    scopeClaim: 'scope',
    tokenUse: { typ: ['Bearer', 'DPoP'] },
  }
}
