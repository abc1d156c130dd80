import { type Adapter, type Configuration, errors } from 'oidc-provider'
import { limits } from '../limits.ts'
import { noSignIn } from './authorization.ts'
import { renderError } from './error-page.ts'
import { externalKey } from './external-key.ts'
import type { ResourceAnswers } from './grants.ts'
import type { OpenPool } from './open-pools.ts'

export interface ConfigurationOptions {
  readonly opened: OpenPool
  readonly adapter: (model: string) => Adapter
  readonly resources: ResourceAnswers
  /** Signs cookies. */
  readonly cookieKey: string
  /** Gets JWK sets of clients. */
  readonly fetch: typeof fetch
}

/** Seconds; nothing with these lifetimes is issued before there is a way to sign in. */
const browserTtl = { session: 14 * 24 * 3600, interaction: 3600, grant: 14 * 24 * 3600, idToken: 3600 }

/**
 * How oidc-provider is set up for one pool: client credentials with resources (RFC 8707) and JWT access tokens. What
 * is not configured here is off, and is not advertised.
 */
export function configurationOf({ opened, adapter, resources, cookieKey, fetch }: ConfigurationOptions): Configuration {
  const { pool, publicKeys, signers } = opened
  return {
    adapter,
    jwks: { keys: publicKeys.map((key) => externalKey(key, signers.get(String(key['kid'])))) },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] },
    // The library's default is RS256, for which a pool has no key; one unusable default refuses every client.
    clientDefaults: { id_token_signed_response_alg: pool.signingAlgorithm },
    responseTypes: ['code'],
    scopes: ['openid'],
    pkce: { required: () => true },
    // The token endpoint takes no cookies: a page of any origin can do no more than any other caller with the secret.
    clientBasedCORS: () => true,
    clockTolerance: limits.assertionClockTolerance,
    assertJwtClientAuthClaimsAndHeader: refuseLongAssertions,
    cookies: {
      keys: [cookieKey],
      names: {
        session: `postern-${pool.id}-session`,
        interaction: `postern-${pool.id}-interaction`,
        resume: `postern-${pool.id}-resume`,
      },
      long: { httpOnly: true, sameSite: 'lax', path: `/pools/${pool.id}` },
      short: { httpOnly: true, sameSite: 'lax', path: `/pools/${pool.id}` },
    },
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, ...resources },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    interactions: { policy: noSignIn(), url: () => opened.issuer },
    findAccount: () => undefined,
    fetch,
    renderError,
    ttl: {
      // A number here would silence the lifetime that getResourceServerInfo answers.
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? limits.defaultAccessTokenTtl,
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? limits.defaultAccessTokenTtl,
      IdToken: browserTtl.idToken,
      Session: browserTtl.session,
      Interaction: browserTtl.interaction,
      Grant: browserTtl.grant,
    },
  }
}

/** RFC 7523 §3: an `exp` unreasonably far ahead may be refused. It bounds how long a `jti` must be remembered. */
const refuseLongAssertions: Configuration['assertJwtClientAuthClaimsAndHeader'] = (_ctx, claims) => {
  const longest = Math.floor(Date.now() / 1000) + limits.assertionLifetime + limits.assertionClockTolerance
  if (typeof claims['exp'] !== 'number' || claims['exp'] > longest) {
    throw new errors.InvalidClientAuth('the client assertion lives too long')
  }
}
