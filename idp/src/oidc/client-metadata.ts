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
    ...flowMetadata(client),
  }
}

function flowMetadata(client: HotClient): Partial<ClientMetadata> {
  if (client.clientType === 'MACHINE_TO_MACHINE') {
    return { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }
  }
  // A browser client that has no redirect yet can do nothing, which is no reason to fail on it.
  if (client.redirectUris.length === 0) return { grant_types: [], response_types: [], redirect_uris: [] }
  return {
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [...client.redirectUris],
    application_type: client.redirectUris.every(isWebRedirect) ? 'web' : 'native',
  }
}

/** Loopback and private-use schemes are for native clients (RFC 8252 §7), whatever the client calls itself. */
function isWebRedirect(uri: string): boolean {
  return uri.toLowerCase().startsWith('https://')
}
