import type { CreatedClient } from '../../directory/types.ts'
import { applicationTypeOf } from './redirect-uri.ts'
import type { RequestedClient } from './requested-client.ts'

/**
 * The answer to a registration (RFC 7591 §3.2.1): the client as it was registered, which need not be as it was asked for.
 * `scope` repeats what is known of what was named. It binds nobody: an MCP client names what it needs first, and asks
 * for more when a tool calls for it; each time a person decides.
 *
 * The registration ends when it is not used, but no secret ends before it: `client_secret_expires_at` is 0.
 */
export function registrationReply({ scopes }: RequestedClient, { client, clientSecret }: CreatedClient) {
  return {
    client_id: client.clientId,
    client_id_issued_at: Math.floor(client.createdAt / 1000),
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret, client_secret_expires_at: 0 }),
    client_name: client.name,
    application_type: applicationTypeOf(client.redirectUris),
    redirect_uris: client.redirectUris,
    ...(client.postLogoutRedirectUris.length === 0 ? {} : { post_logout_redirect_uris: client.postLogoutRedirectUris }),
    grant_types: client.grantTypes,
    response_types: client.grantTypes.includes('authorization_code') ? ['code'] : [],
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
    ...(client.jwks === null ? {} : { jwks: client.jwks }),
    ...(client.jwksUri === null ? {} : { jwks_uri: client.jwksUri }),
    ...(client.logoUri === null ? {} : { logo_uri: client.logoUri }),
    ...(client.clientUri === null ? {} : { client_uri: client.clientUri }),
  }
}
