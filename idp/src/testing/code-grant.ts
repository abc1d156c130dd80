import { createHash, randomBytes } from 'node:crypto'
import { approveAs, type Credentials } from './person.ts'

/** What a client asks a person for. */
export interface SignInRequest {
  readonly client: {
    readonly clientId: string
    readonly clientSecret?: string | undefined
    readonly redirectUris: readonly string[]
  }
  readonly user: Credentials
  /** Default: that of the client or the pool. */
  readonly resource?: string | undefined
  /** Default: all that are granted. `openid` for an ID token. */
  readonly scopes?: readonly string[] | undefined
}

/** The answer of the token endpoint (RFC 6749 §5.1). */
export interface SignedInTokens {
  readonly accessToken: string
  readonly refreshToken?: string
  readonly idToken?: string
  /** Seconds. */
  readonly expiresIn: number
  /** Granted scopes. */
  readonly scopes: readonly string[]
}

/**
 * Runs an authorization code flow with PKCE to its end, over HTTP and through the pages, as `user` and `client` would.
 *
 * @throws Error with what the provider answered, where it refuses
 */
export async function runCodeGrant(issuer: string, request: SignInRequest): Promise<SignedInTokens> {
  const { client, user, resource, scopes } = request
  const [redirectUri = ''] = client.redirectUris
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id: client.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(resource === undefined ? {} : { resource }),
    ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
  })
  const landed = await approveAs(new URL(issuer).origin, `${issuer}/auth?${query}`, user)
  const code = landed.searchParams.get('code')
  if (code === null) throw new Error(`no code: ${landed.searchParams}`)
  return await redeem(issuer, request, { code, redirect_uri: redirectUri, code_verifier: verifier })
}

async function redeem(issuer: string, { client, resource }: SignInRequest, grant: Readonly<Record<string, string>>) {
  const { clientId, clientSecret } = client
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: clientSecret === undefined ? {} : { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      ...grant,
      ...(resource === undefined ? {} : { resource }),
      ...(clientSecret === undefined ? { client_id: clientId } : {}),
    }),
  })
  const body: Record<string, unknown> = await response.json()
  const { access_token: accessToken, refresh_token: refreshToken, id_token: idToken, expires_in: seconds, scope } = body
  if (typeof accessToken !== 'string') throw new Error(`no token: ${response.status} ${JSON.stringify(body)}`)
  return {
    accessToken,
    ...(typeof refreshToken === 'string' ? { refreshToken } : {}),
    ...(typeof idToken === 'string' ? { idToken } : {}),
    expiresIn: Number(seconds),
    scopes: typeof scope === 'string' ? scope.split(' ') : [],
  }
}
