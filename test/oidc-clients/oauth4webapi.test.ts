// oauth4webapi, which checks every answer by the letter of its RFC, against a pool.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Idp, startIdp, type TestClient, type TestPool, type TestUser } from '@postern/idp/testing'
import * as oauth from 'oauth4webapi'

const mcp = 'https://mcp.example/mcp'
const callback = 'https://app.example/callback'
// The tests' provider answers plain http on this machine.
const insecure = { [oauth.allowInsecureRequests]: true } as const

let idp: Idp
let pool: TestPool
let user: TestUser
let app: TestClient
let as: oauth.AuthorizationServer

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({ name: 'people', resources: [{ identifier: mcp, scopes: [{ name: 'read' }] }] })
  user = await pool.createUser({ preferredUsername: 'ada', email: 'ada@example.com', emailVerified: true })
  app = await pool.createClient({ name: 'app', clientType: 'WEB_APPLICATION', redirectUris: [callback] })
  const issuer = new URL(pool.issuer)
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
})
after(() => idp.close())

const authOf = ({ clientSecret }: TestClient) =>
  clientSecret === undefined ? oauth.None() : oauth.ClientSecretBasic(clientSecret)

const clientOf = ({ clientId }: TestClient): oauth.Client => ({ client_id: clientId })

async function authorize(client: TestClient, params: Readonly<Record<string, string>>) {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(String(as.authorization_endpoint))
  url.search = new URLSearchParams({
    client_id: client.clientId,
    response_type: 'code',
    redirect_uri: callback,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...params,
  }).toString()
  return { verifier, params: oauth.validateAuthResponse(as, clientOf(client), await pool.approve(url, user), state) }
}

describe('oauth4webapi', () => {
  for (const algorithm of ['oidc', 'oauth2'] as const) {
    test(`takes the metadata by ${algorithm} discovery`, async () => {
      const issuer = new URL(pool.issuer)
      const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm })
      assert.equal((await oauth.processDiscoveryResponse(issuer, response)).issuer, pool.issuer)
    })
  }

  test('runs a code flow with an ID token whose signature it checks, then userinfo', async () => {
    const nonce = oauth.generateRandomNonce()
    const { verifier, params } = await authorize(app, { scope: 'openid email', nonce })
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      clientOf(app),
      authOf(app),
      params,
      callback,
      verifier,
      insecure,
    )
    const result = await oauth.processAuthorizationCodeResponse(as, clientOf(app), response, {
      expectedNonce: nonce,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(as, response, insecure)
    assert.equal(oauth.getValidatedIdTokenClaims(result)?.sub, user.id)
    const info = await oauth.userInfoRequest(as, clientOf(app), result.access_token, insecure)
    const claims = await oauth.processUserInfoResponse(as, clientOf(app), user.id, info)
    assert.equal(claims.email, 'ada@example.com')
  })

  test('refreshes, and its token passes the library’s own check of RFC 9068 at the resource', async () => {
    const { verifier, params } = await authorize(app, { scope: 'read', resource: mcp })
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      clientOf(app),
      authOf(app),
      params,
      callback,
      verifier,
      { ...insecure, additionalParameters: { resource: mcp } },
    )
    const first = await oauth.processAuthorizationCodeResponse(as, clientOf(app), response)
    const again = await oauth.refreshTokenGrantRequest(
      as,
      clientOf(app),
      authOf(app),
      String(first.refresh_token),
      insecure,
    )
    const second = await oauth.processRefreshTokenResponse(as, clientOf(app), again)
    const request = new Request(mcp, { headers: { authorization: `Bearer ${second.access_token}` } })
    const claims = await oauth.validateJwtAccessToken(as, request, mcp, insecure)
    assert.equal(claims.sub, user.id)
    assert.equal(claims.client_id, app.clientId)
    assert.equal(claims.scope, 'read')
  })

  test('refuses an answer whose state or issuer is another', async () => {
    const { params } = await authorize(app, { scope: 'read' })
    const changed = (name: string) => {
      const answer = new URLSearchParams(params)
      answer.set(name, 'https://evil.example')
      return answer
    }
    assert.throws(() => oauth.validateAuthResponse(as, clientOf(app), changed('iss'), String(params.get('state'))))
    assert.throws(() => oauth.validateAuthResponse(as, clientOf(app), changed('state'), String(params.get('state'))))
  })

  test('is told of a replayed code by an error that it understands', async () => {
    const { verifier, params } = await authorize(app, { scope: 'read' })
    const redeem = () =>
      oauth.authorizationCodeGrantRequest(as, clientOf(app), authOf(app), params, callback, verifier, insecure)
    await oauth.processAuthorizationCodeResponse(as, clientOf(app), await redeem())
    await assert.rejects(
      redeem().then((response) => oauth.processAuthorizationCodeResponse(as, clientOf(app), response)),
      {
        error: 'invalid_grant',
      },
    )
  })

  test('runs the device flow', async () => {
    const tv = await pool.createClient({
      name: 'television',
      clientType: 'MOBILE_APPLICATION',
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
    })
    const response = await oauth.deviceAuthorizationRequest(as, clientOf(tv), authOf(tv), { scope: 'read' }, insecure)
    const started = await oauth.processDeviceAuthorizationResponse(as, clientOf(tv), response)
    const poll = async () => {
      const answer = await oauth.deviceCodeGrantRequest(as, clientOf(tv), authOf(tv), started.device_code, insecure)
      return await oauth.processDeviceCodeResponse(as, clientOf(tv), answer)
    }
    await assert.rejects(poll(), { error: 'authorization_pending' })
    await pool.approve(String(started.verification_uri_complete), user)
    assert.equal((await poll()).scope, 'read')
  })
})
