import { parseScope } from '@postern/core'
import { type GrantType, jwks as jwksSchema, validate } from '@postern/server'
import type { ClientType, PublicJwk, TokenEndpointAuthMethod } from '../../directory/types.ts'
import { limits } from '../../limits.ts'
import type { Refusal } from '../refusal.ts'
import { cleanName } from './client-name.ts'
import {
  httpsUrl,
  type Metadata,
  metadataFault,
  redirectFault,
  textIn,
  textsIn,
  webPageIn,
} from './metadata-members.ts'
import type { Offer } from './offer.ts'
import { applicationTypeOf, checkRedirectUri } from './redirect-uri.ts'

/** A client as it describes itself (RFC 7591 §2), checked, and cut down to what it can have here. */
export interface RequestedClient {
  readonly name: string
  readonly clientType: ClientType
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod
  readonly grantTypes: readonly GrantType[]
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  /** Those that it named and the pool has; undefined: it named none. */
  readonly scopes: readonly string[] | undefined
  readonly jwks: { readonly keys: readonly PublicJwk[] } | undefined
  readonly jwksUri: string | undefined
  readonly logoUri: string | undefined
  readonly clientUri: string | undefined
}

/**
 * Reads a client's own description. Grant types and scopes that are not to be had are left out, as are members that are
 * not known here (RFC 7591 §2); what would make the client another one than it says is refused.
 *
 * @throws Refusal `invalid_redirect_uri` or `invalid_client_metadata` (RFC 7591 §3.2.2), which names the mend
 */
export function readRequestedClient(metadata: Metadata, offer: Offer): RequestedClient {
  const redirectUris = redirectsIn(metadata, 'redirect_uris', redirectFault)
  const grantTypes = grantTypesIn(metadata, offer, redirectUris.length > 0)
  const method = methodIn(metadata)
  const isPrivate = redirectUris.some((uri) => !/^https?:/i.test(uri))
  if (isPrivate && method === 'private_key_jwt') throw metadataFault(privateKeyForNative)
  // RFC 7591 §3.2.1: a value may be replaced, and the answer says by which. An application that claims a scheme is on
  // the devices of its users, and what is there is no secret (RFC 8252 §8.5).
  const tokenEndpointAuthMethod = isPrivate ? 'none' : method
  return {
    name: nameIn(metadata),
    clientType: clientTypeOf(tokenEndpointAuthMethod, redirectUris),
    tokenEndpointAuthMethod,
    grantTypes,
    redirectUris,
    postLogoutRedirectUris: redirectsIn(metadata, 'post_logout_redirect_uris', metadataFault),
    scopes: scopesIn(metadata, offer),
    ...keysIn(metadata, tokenEndpointAuthMethod),
    logoUri: webPageIn(metadata, 'logo_uri'),
    clientUri: webPageIn(metadata, 'client_uri'),
  }
}

const privateKeyForNative =
  'token_endpoint_auth_method: a client whose redirect has a scheme of its own is public; use none, or redirect to https://'

function clientTypeOf(method: TokenEndpointAuthMethod, redirectUris: readonly string[]): ClientType {
  if (method !== 'none') return 'WEB_APPLICATION'
  const isWeb = redirectUris.length > 0 && applicationTypeOf(redirectUris) === 'web'
  return isWeb ? 'SINGLE_PAGE_APPLICATION' : 'MOBILE_APPLICATION'
}

function redirectsIn(metadata: Metadata, member: string, fault: (text: string) => Refusal): readonly string[] {
  const uris = textsIn(metadata, member, limits.redirectUris, fault) ?? []
  for (const [index, uri] of uris.entries()) {
    const checked = checkRedirectUri(uri)
    if (!checked.ok) throw fault(`${member}[${index}]: ${checked.message}`)
  }
  return [...new Set(uris)]
}

/** Client credentials are not among those offered: with them, whoever can register could have tokens without a person. */
function grantTypesIn(metadata: Metadata, offer: Offer, hasRedirects: boolean): readonly GrantType[] {
  const asked = textsIn(metadata, 'grant_types', limits.metadataItems, metadataFault)
  if (asked === undefined && !hasRedirects) throw redirectFault(noRedirects)
  const wanted: readonly string[] = asked ?? ['authorization_code', 'refresh_token']
  const had = offer.grantTypes.filter(
    (type) => wanted.includes(type) && (hasRedirects || type !== 'authorization_code'),
  )
  if (had.some((type) => type !== 'refresh_token')) {
    checkResponseTypes(metadata, had)
    return had
  }
  if (wanted.includes('authorization_code')) throw redirectFault(noRedirects)
  throw metadataFault(`grant_types: none of them is to be had here; use ${offer.grantTypes.join(', ')}`)
}

const noRedirects = 'redirect_uris: is required; name the URI that the authorization response goes to'

function checkResponseTypes(metadata: Metadata, grantTypes: readonly GrantType[]): void {
  const asked = textsIn(metadata, 'response_types', limits.metadataItems, metadataFault) ?? []
  if (asked.length === 0 || asked.includes('code') || !grantTypes.includes('authorization_code')) return
  throw metadataFault('response_types: only code is to be had here; use ["code"]')
}

const methods: readonly TokenEndpointAuthMethod[] = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
]

function methodIn(metadata: Metadata): TokenEndpointAuthMethod {
  const member = 'token_endpoint_auth_method'
  const asked = textIn(metadata, member)
  // RFC 7591 §2: the default.
  if (asked === undefined) return 'client_secret_basic'
  const method = methods.find((one) => one === asked)
  if (method === undefined) throw metadataFault(`${member}: is not supported; use one of ${methods.join(', ')}`)
  return method
}

function nameIn(metadata: Metadata): string {
  return cleanName(textIn(metadata, 'client_name') ?? '')
}

function scopesIn(metadata: Metadata, offer: Offer): readonly string[] | undefined {
  const text = textIn(metadata, 'scope')
  if (text === undefined) return undefined
  const scopes = parseScope(text)
  if (scopes === undefined) throw metadataFault('scope: write scope names with one space between')
  return scopes.filter((scope) => offer.scopes.has(scope))
}

type Keys = Pick<RequestedClient, 'jwks' | 'jwksUri'>

function keysIn(metadata: Metadata, method: TokenEndpointAuthMethod): Keys {
  if (method !== 'private_key_jwt') return { jwks: undefined, jwksUri: undefined }
  const { jwks, jwks_uri: jwksUri } = metadata
  if ((jwks === undefined) === (jwksUri === undefined)) {
    throw metadataFault('jwks: private_key_jwt needs the public keys; give jwks or jwks_uri, and not both')
  }
  if (jwks === undefined) return { jwks: undefined, jwksUri: keySetUrl(jwksUri) }
  const checked = validate(jwksSchema, jwks)
  if (checked.ok) return { jwks: checked.value, jwksUri: undefined }
  const [first] = checked.errors
  throw metadataFault(
    `jwks${first === undefined || first.field === '' ? '' : `.${first.field}`}: ${first?.message ?? ''}`,
  )
}

function keySetUrl(value: unknown): string {
  const url = httpsUrl(value)
  if (url === undefined) throw metadataFault('jwks_uri: use an https:// URL without user name, password and "#"')
  return url
}
