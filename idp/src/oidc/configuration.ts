import type { Mode } from '@postern/server'
import { type Adapter, type Configuration, errors } from 'oidc-provider'
import type { Directory, HotClient } from '../directory/types.ts'
import { poolPaths } from '../directory/urls.ts'
import { limits } from '../limits.ts'
import { accountFinder, groupsClaim, type Person, personOf } from './accounts.ts'
import { countBeginning } from './beginnings.ts'
import { deviceFlow } from './device-flow.ts'
import { errorAnswer } from './error-page.ts'
import { externalKey } from './external-key.ts'
import { resourceAnswers } from './grants.ts'
import type { LibraryClient } from './library-clients.ts'
import { rpInitiatedLogout } from './logout.ts'
import type { OpenPool } from './open-pools.ts'
import { claimsByScope } from './openid-scopes.ts'
import type { Pages } from './pages.ts'
import { signInPolicy } from './policy.ts'
import { refreshTokens } from './refresh.ts'
import { registrationMembers } from './registration/discovery.ts'
import { keysFetch } from './registration/foreign-keys.ts'
import type { Rate } from './registration/rate.ts'
import { grantRequested } from './requested-grant.ts'
import { revocationPaths } from './revocation/paths.ts'
import { grantNameOf } from './revocation/revocations.ts'
import { feedMember } from './revocation/statement.ts'
import type { TokenPolicies } from './revocation/tokens.ts'
import type { Throttle } from './throttle.ts'
import { unattendedPrompt } from './unattended.ts'

export interface ConfigurationOptions {
  readonly opened: OpenPool
  readonly adapter: (model: string) => Adapter
  readonly directory: Directory
  readonly pages: Pages
  /** Counts wrong user codes. */
  readonly userCodes: Throttle
  /** Counts sign-ins that begin. */
  readonly beginnings: Rate
  /** Who may ask about tokens of the library's own kind, and revoke them. */
  readonly tokens: TokenPolicies
  /** Our record of a client of the library. */
  readonly clientOf: (client: LibraryClient) => HotClient
  /** Signs cookies. */
  readonly cookieKey: string
  /** Clients register themselves in development only. */
  readonly mode: Mode
  /** Gets JWK sets of clients. */
  readonly fetch: typeof fetch
  /** Gets those of clients that nobody vouches for. */
  readonly foreignFetch: typeof fetch
}

/**
 * How oidc-provider is set up for one pool: the code, refresh, device and client credentials grants with resources
 * (RFC 8707) and JWT access tokens. What is not configured here is off, and is not advertised.
 */
export function configurationOf(options: ConfigurationOptions): Configuration {
  const { opened, adapter, directory, pages, userCodes, beginnings, tokens, clientOf, cookieKey, mode } = options
  const { fetch, foreignFetch } = options
  const { pool, publicKeys, signers } = opened
  const refresh = refreshTokens(clientOf)
  return {
    adapter,
    jwks: { keys: publicKeys.map((key) => externalKey(key, signers.get(String(key['kid'])))) },
    routes: {
      userinfo: poolPaths.userinfo,
      end_session: poolPaths.endSession,
      device_authorization: poolPaths.deviceAuthorization,
      code_verification: poolPaths.device,
      introspection: revocationPaths.introspection,
      revocation: revocationPaths.revocation,
    },
    discovery: { ...registrationMembers(opened, mode), [feedMember]: opened.issuer + revocationPaths.feed },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
      idTokenSigningAlgValues: [pool.signingAlgorithm],
    },
    // The library's default is RS256, for which a pool has no key; one unusable default refuses every client.
    clientDefaults: { id_token_signed_response_alg: pool.signingAlgorithm },
    responseTypes: ['code'],
    scopes: [],
    claims: claimsByScope,
    pkce: { required: () => true },
    // The token endpoint takes no cookies: a page of any origin can do no more than any other caller with the secret.
    clientBasedCORS: () => true,
    clockTolerance: limits.assertionClockTolerance,
    assertJwtClientAuthClaimsAndHeader: refuseLongAssertions,
    cookies: cookiesOf(opened, cookieKey),
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, ...resourceAnswers(clientOf) },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      deviceFlow: pool.deviceFlowEnabled ? deviceFlow({ pages, clientOf, userCodes }) : { enabled: false },
      rpInitiatedLogout: rpInitiatedLogout({ pages, clientOf }),
      userinfo: { enabled: true },
      introspection: { enabled: true, allowedPolicy: tokens.introspect },
      revocation: { enabled: true, allowedPolicy: tokens.revoke },
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      claimsParameter: { enabled: false },
    },
    interactions: {
      policy: [unattendedPrompt(personOf), ...signInPolicy(clientOf)],
      url: (_ctx, { uid, prompt }) => opened.issuer + pages.interactionPath(uid, prompt.name),
    },
    findAccount: accountFinder(directory, clientOf),
    loadExistingGrant: loadGrant(clientOf),
    async extraTokenClaims(ctx, token) {
      const person = ctx.oidc.account as Person | undefined
      if (token.kind !== 'AccessToken' || person === undefined) return undefined
      return { ...groupsClaim(person.user), grant_id: await grantNameOf(token.grantId) }
    },
    // Programs on a person's machine go on working when the browser is closed or signed out.
    expiresWithSession: () => false,
    issueRefreshToken: refresh.issueRefreshToken,
    rotateRefreshToken: refresh.rotateRefreshToken,
    fetch: keysFetch({ own: fetch, foreign: foreignFetch, clientOf }),
    renderError: errorAnswer(pages, clientOf),
    // Asked for right before a row is made.
    ttl: {
      // A number here would silence the lifetime that getResourceServerInfo answers.
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? limits.defaultAccessTokenTtl,
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? limits.personAccessTokenTtl,
      AuthorizationCode: limits.codeTtl,
      DeviceCode(ctx, _code, client) {
        if (client.clientAuthMethod === 'none') countBeginning(beginnings, ctx)
        return limits.deviceCodeTtl
      },
      RefreshToken: (ctx, _token, client) => refresh.lifetime(ctx, client),
      IdToken: limits.idTokenTtl,
      // Anybody can begin one by looking at a form; it grows old when somebody signs in.
      Session: (_ctx, { accountId }) => (accountId === undefined ? limits.interactionTtl : limits.sessionTtl),
      Interaction(ctx) {
        countBeginning(beginnings, ctx)
        return limits.interactionTtl
      },
      // Kept alive by every refresh token; without any, it is what the person consented to in this session.
      Grant: limits.sessionTtl,
    },
  }
}

/**
 * Lax, because a client sends the browser here from its own site. The session is seen by the pool alone; an
 * interaction's cookie by its own pages alone, for several may be under way in one browser.
 */
function cookiesOf({ pool, issuer }: OpenPool, cookieKey: string): Configuration['cookies'] {
  const { protocol, pathname } = new URL(issuer)
  const common = { httpOnly: true, sameSite: 'lax', secure: protocol === 'https:' } as const
  return {
    keys: [cookieKey],
    names: {
      session: `postern-${pool.id}-session`,
      interaction: `postern-${pool.id}-interaction`,
      resume: `postern-${pool.id}-resume`,
    },
    long: { ...common, path: pathname },
    short: common,
  }
}

/**
 * What the person has consented to before in this session. Of a client that was made anew under an old id it counts
 * for nothing; for a client that whoever runs the pool vouches for, everything asked for is granted without asking.
 */
function loadGrant(clientOf: (client: LibraryClient) => HotClient): Configuration['loadExistingGrant'] {
  return async (ctx) => {
    const { oidc } = ctx
    const { client, session, account, provider, result } = oidc
    if (client === undefined || session === undefined || account === undefined) return undefined
    const record = clientOf(client)
    const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId)
    const found = grantId === undefined ? undefined : await provider.Grant.find(grantId)
    const isOfThem = found?.accountId === account.accountId && (found.iat ?? 0) >= Math.floor(record.createdAt / 1000)
    const known = isOfThem ? found : undefined
    if (!record.skipConsentEnabled) return known
    const grant = known ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
    grantRequested(grant, ctx)
    await grant.save()
    return grant
  }
}

/** RFC 7523 §3: an `exp` unreasonably far ahead may be refused. It bounds how long a `jti` must be remembered. */
const refuseLongAssertions: Configuration['assertJwtClientAuthClaimsAndHeader'] = (_ctx, claims) => {
  const longest = Math.floor(Date.now() / 1000) + limits.assertionLifetime + limits.assertionClockTolerance
  if (typeof claims['exp'] !== 'number' || claims['exp'] > longest) {
    throw new errors.InvalidClientAuth('the client assertion lives too long')
  }
}
