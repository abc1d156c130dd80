// openid-client, with its own validations, against a pool.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Idp, startIdp, type TestClient, type TestPool, type TestUser } from '@postern/idp/testing'
import * as client from 'openid-client'

const mcp = 'https://mcp.example/mcp'
const callback = 'https://app.example/callback'
const goodbye = 'https://app.example/goodbye'

let idp: Idp
let pool: TestPool
let user: TestUser
let app: TestClient

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({
    name: 'people',
    resources: [{ identifier: mcp, scopes: [{ name: 'read' }, { name: 'write' }] }],
  })
  user = await pool.createUser({ preferredUsername: 'ada', email: 'ada@example.com', emailVerified: true })
  app = await pool.createClient({
    name: 'app',
    clientType: 'WEB_APPLICATION',
    redirectUris: [callback],
    postLogoutRedirectUris: [goodbye],
  })
})
after(() => idp.close())

/** Discovery, as the library does it: it compares the issuer with the one it was given. */
function discover({ clientId, clientSecret }: TestClient): Promise<client.Configuration> {
  const auth = clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret)
  return client.discovery(new URL(pool.issuer), clientId, undefined, auth, {
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  })
}

/** A code flow with everything that the library can check: PKCE, state, nonce, iss, ID token and its signature. */
async function signIn(config: client.Configuration, params: Readonly<Record<string, string>>) {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = params['scope']?.includes('openid') ? client.randomNonce() : undefined
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...(nonce === undefined ? {} : { nonce }),
    ...params,
  })
  const landed = await pool.approve(url, user)
  return await client.authorizationCodeGrant(config, landed, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    ...(nonce === undefined ? {} : { expectedNonce: nonce, idTokenExpected: true }),
  })
}

describe('openid-client', () => {
  test('finds that the pool answers with its issuer', async () => {
    const metadata = (await discover(app)).serverMetadata()
    assert.equal(metadata.issuer, pool.issuer)
    assert.equal(metadata.authorization_response_iss_parameter_supported, true)
    assert.equal(metadata.supportsPKCE(), true)
  })

  test('signs a person in and reads who it is', async () => {
    const config = await discover(app)
    const tokens = await signIn(config, { scope: 'openid profile email' })
    const claims = tokens.claims()
    assert.equal(claims?.sub, user.id)
    assert.equal(claims?.iss, pool.issuer)
    const info = await client.fetchUserInfo(config, tokens.access_token, user.id)
    assert.equal(info.email, 'ada@example.com')
    assert.equal(info.preferred_username, 'ada')
  })

  test('gets tokens for a resource, and refreshes them', async () => {
    const config = await discover(app)
    const first = await signIn(config, { scope: 'openid read', resource: `${mcp}/` })
    assert.equal(first.scope, 'read')
    assert.equal(first.expires_in, 600)
    assert.equal(first.claims()?.sub, user.id)
    const second = await client.refreshTokenGrant(config, String(first.refresh_token), { resource: mcp })
    assert.notEqual(second.access_token, first.access_token)
    assert.equal(second.claims()?.sub, user.id)
    assert.notEqual(second.refresh_token, first.refresh_token)
  })

  test('as a public client', async () => {
    const spa = await pool.createClient({
      name: 'spa',
      clientType: 'SINGLE_PAGE_APPLICATION',
      redirectUris: [callback],
    })
    const tokens = await signIn(await discover(spa), { scope: 'openid read' })
    assert.equal(tokens.claims()?.aud, spa.clientId)
  })

  test('is told by the error at its redirect URI, with iss, when the person may not', async () => {
    const config = await discover(app)
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid',
      prompt: 'none',
      state: 's',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    })
    const landed = await pool.approve(url, user)
    assert.equal(landed.searchParams.get('iss'), pool.issuer)
    await assert.rejects(
      client.authorizationCodeGrant(config, landed, { pkceCodeVerifier: 'x'.repeat(43), expectedState: 's' }),
      { error: 'login_required' },
    )
  })

  test('refuses an answer of another issuer, so the one that it gets is right', async () => {
    const config = await discover(app)
    const landed = new URL(`${callback}?code=x&state=s&iss=${encodeURIComponent('https://evil.example')}`)
    await assert.rejects(
      client.authorizationCodeGrant(config, landed, { pkceCodeVerifier: 'x'.repeat(43), expectedState: 's' }),
      (error: Error) => /"iss"/.test(String(error.cause)),
    )
  })

  test('signs out with the ID token, and comes back where it is registered', async () => {
    const config = await discover(app)
    const tokens = await signIn(config, { scope: 'openid' })
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: String(tokens.id_token),
      post_logout_redirect_uri: goodbye,
      state: 'bye',
    })
    const landed = await pool.approve(url, user)
    assert.equal(landed.href, `${goodbye}?state=bye`)
  })

  test('runs the device flow', async () => {
    const tv = await pool.createClient({
      name: 'television',
      clientType: 'MOBILE_APPLICATION',
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    })
    const config = await discover(tv)
    const started = await client.initiateDeviceAuthorization(config, { scope: 'openid read', resource: mcp })
    assert.equal(started.interval, 5)
    await pool.approve(String(started.verification_uri_complete), user)
    const tokens = await client.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.01 })
    assert.equal(tokens.claims()?.sub, user.id)
    assert.equal(tokens.scope, 'read')
  })

  test('gets a token of its own', async () => {
    const machine = await pool.createClient({ name: 'machine' })
    const tokens = await client.clientCredentialsGrant(await discover(machine), { resource: mcp, scope: 'read' })
    assert.equal(tokens.scope, 'read')
  })
})
