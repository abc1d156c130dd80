import { ConfigError } from '../options/config-error.ts'
import type { IssuerOptions } from '../options/types.ts'
import { readDomain, readNames, readPreset, readSegment } from './read.ts'

export interface OktaOptions {
  /** Such as `dev-123456.okta.com`, or a custom domain. */
  readonly domain: string
  /** The custom authorization server. Default `default`. Tokens of the org's own server are for Okta alone. */
  readonly authorizationServer?: string
  /** The audience that is set for that authorization server. Default `api://default`. */
  readonly audience?: string | readonly string[]
}

/** A custom authorization server of Okta. Its tokens name the client in `cid` and the scopes as a list in `scp`. */
export function okta(options: OktaOptions): IssuerOptions {
  readPreset(options, 'okta', ['domain', 'authorizationServer', 'audience'])
  const domain = readDomain(options.domain, 'okta.domain')
  if (/-admin\.okta/.test(domain)) {
    throw new ConfigError('okta.domain', 'is that of the admin console, which no token names; remove -admin')
  }
  const server = readSegment(options.authorizationServer ?? 'default', 'okta.authorizationServer')
  const issuer = `https://${domain}/oauth2/${server}`
  return {
    issuer,
    discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    algorithms: ['RS256'],
    audience: readNames(options.audience ?? 'api://default', 'okta.audience'),
    clientClaim: 'cid',
    scopeClaim: 'scp',
  }
}
