import { randomBytes } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import type { HotClient, HotPool } from '../directory/types.ts'

// The library insists on a client_secret for clients that have one. Ours are hashes elsewhere, compared by an override,
// so it gets a value that nobody knows. (It would be an HMAC key, were client_secret_jwt ever enabled.)
const placeholder = randomBytes(32).toString('base64url')

/** A client as oidc-provider describes one (RFC 7591 §2). */
export function clientMetadata(pool: HotPool, client: HotClient): ClientMetadata {
  const method = client.tokenEndpointAuthMethod
  return {
    client_id: client.clientId,
    client_name: client.name,
    token_endpoint_auth_method: method,
    id_token_signed_response_alg: pool.signingAlgorithm,
    ...(method.startsWith('client_secret') ? { client_secret: placeholder } : {}),
    ...(client.jwks === null ? {} : { jwks: { keys: client.jwks.keys.map((key) => ({ ...key })) } }),
    ...(client.jwksUri === null ? {} : { jwks_uri: client.jwksUri }),
    ...flowMetadata(pool, client),
  }
}

function flowMetadata(pool: HotPool, client: HotClient): Partial<ClientMetadata> {
  // A browser client that has no redirect yet can do nothing, which is no reason to fail on it.
  const grants = client.grantTypes.filter(
    (grant) =>
      (grant !== 'authorization_code' || client.redirectUris.length > 0) &&
      (grant !== 'urn:ietf:params:oauth:grant-type:device_code' || pool.deviceFlowEnabled),
  )
  if (!grants.includes('authorization_code')) return { grant_types: grants, response_types: [], redirect_uris: [] }
  return {
    grant_types: grants,
    response_types: ['code'],
    ...redirectMetadata(client.redirectUris),
  }
}

/**
 * The library refuses a client for redirects that its type should not have, and a native one may have neither https nor
 * other names than three on this machine. Which redirect is allowed is decided by `matchesRedirect`, and which client
 * is native by `applicationTypeOf`; so the library gets a type and redirects that it takes.
 */
function redirectMetadata(redirectUris: readonly string[]): Partial<ClientMetadata> {
  if (redirectUris.every((uri) => /^https?:/i.test(uri))) {
    return { application_type: 'web', redirect_uris: [...redirectUris] }
  }
  return { application_type: 'native', redirect_uris: redirectUris.filter(isNativeForLibrary) }
}

const threeNames = ['localhost', '127.0.0.1', '[::1]']

function isNativeForLibrary(uri: string): boolean {
  const { protocol = '', hostname = '' } = URL.parse(uri) ?? {}
  if (protocol === 'http:') return threeNames.includes(hostname)
  return protocol !== 'https:' || !threeNames.includes(hostname)
}
