import { readBoolean } from '../options/fields.ts'
import type { IssuerOptions } from '../options/types.ts'
import { readDomain, readNames, readPreset } from './read.ts'

export interface Auth0Options {
  /** Such as `tenant.eu.auth0.com`, or a custom domain. */
  readonly domain: string
  /** The identifier of the API. Default: the resource. */
  readonly audience?: string | readonly string[]
  /** Take `permissions` rather than `scope`: for an API with role-based access control that adds them to the token. */
  readonly permissions?: boolean
}

/**
 * An Auth0 tenant. The issuer ends with a slash. Tokens name the userinfo endpoint as a second audience, and the client in
 * `azp`, or in `client_id` where the API uses the RFC 9068 profile. Without an audience, Auth0 gives out encrypted or
 * opaque tokens, which are refused.
 */
export function auth0(options: Auth0Options): IssuerOptions {
  readPreset(options, 'auth0', ['domain', 'audience', 'permissions'])
  const domain = readDomain(options.domain, 'auth0.domain')
  const issuer = `https://${domain}/`
  return {
    issuer,
    discoveryUrl: `${issuer}.well-known/openid-configuration`,
    algorithms: ['RS256', 'PS256'],
    ...(options.audience === undefined ? {} : { audience: readNames(options.audience, 'auth0.audience') }),
    scopeClaim: readBoolean(options.permissions, 'auth0.permissions') ? 'permissions' : 'scope',
  }
}
