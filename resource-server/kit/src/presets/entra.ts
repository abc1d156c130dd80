import { ConfigError } from '../options/config-error.ts'
import { readNumber, readText } from '../options/fields.ts'
import type { IssuerOptions } from '../options/types.ts'
import { readPreset } from './read.ts'

export interface EntraOptions {
  /** The tenant's id, a GUID. For several tenants make one entry of `issuers` for each. */
  readonly tenantId: string
  /** The application id of the API, a GUID: what its tokens name as audience. */
  readonly clientId: string
  /** Its Application ID URI. Default `api://<clientId>`. Clients ask for scopes under it; tokens of version 1 name it as audience. */
  readonly applicationIdUri?: string
  /** `requestedAccessTokenVersion` of the application's manifest. Default 2. */
  readonly tokenVersion?: 1 | 2
}

const guid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/**
 * Microsoft Entra ID. Its tokens say `scp: "read"` where clients have to ask for `api://<app>/read`; for an application
 * without a user the granted roles stand in `roles`. A token of another tenant is refused by its issuer and by `tid`.
 */
export function entra(options: EntraOptions): IssuerOptions {
  readPreset(options, 'entra', ['tenantId', 'clientId', 'applicationIdUri', 'tokenVersion'])
  if (/^(?:common|organizations|consumers)$/i.test(String(options.tenantId))) {
    throw new ConfigError('entra.tenantId', 'must be one tenant; make an entry of issuers for each that may come in')
  }
  const tenantId = readGuid(options.tenantId, 'entra.tenantId')
  const clientId = readGuid(options.clientId, 'entra.clientId')
  const given = readText(options.applicationIdUri ?? `api://${clientId}`, 'entra.applicationIdUri')
  const uri = given.replace(/\/$/, '')
  const version = readNumber(options.tokenVersion, 'entra.tokenVersion', { min: 1, max: 2, fallback: 2 })
  const login = `https://login.microsoftonline.com/${tenantId}`
  const metadata = '.well-known/openid-configuration'
  return {
    issuer: version === 1 ? `https://sts.windows.net/${tenantId}/` : `${login}/v2.0`,
    discoveryUrl: version === 1 ? `${login}/${metadata}` : `${login}/v2.0/${metadata}`,
    algorithms: ['RS256'],
    audience: [...new Set([clientId, `api://${clientId}`, uri, given])],
    clientClaim: version === 1 ? 'appid' : 'azp',
    scopeClaim: ['scp', 'roles'],
    claims: { tid: tenantId },
    advertisedScopes: (scope) => (scope.includes('://') || oidcScopes.has(scope) ? scope : `${uri}/${scope}`),
  }
}

const oidcScopes = new Set(['openid', 'profile', 'email', 'offline_access'])

function readGuid(value: unknown, path: string): string {
  const text = readText(value, path)
  if (!guid.test(text))
    throw new ConfigError(path, 'must be a GUID, not a name; the portal shows it on the overview page')
  return text.toLowerCase()
}
