import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import {
  type Algorithm,
  type AuthInfo,
  ConfigError,
  createResourceServer,
  type IssuerOptions,
  type ResourceServerOptions,
} from '../index.ts'
import { createSigningKey, signBytes } from '../testing/index.ts'
import { assemble } from '../testing/signing.ts'
import { agentkit, auth0, cognito, entra, google, keycloak, okta } from './index.ts'
import { type RecordedShape, recordedShapes, resource } from './recorded-shapes.ts'

const clock = createTestClock()
const key = createSigningKey('RS256')

/** The provider's servers: metadata at the preset's own address, and keys. */
function provider({ issuer, discoveryUrl }: IssuerOptions): typeof fetch {
  return async (input) => {
    const url = String(input)
    if (url === discoveryUrl) return Response.json({ issuer, jwks_uri: 'https://keys.example/keys' })
    if (url === 'https://keys.example/keys') return Response.json({ keys: [{ ...key.jwk, alg: undefined }] })
    return new Response('not found', { status: 404 })
  }
}

function sign(
  { typ, claims }: Pick<RecordedShape, 'typ' | 'claims'>,
  changes: JsonObject = {},
  alg: Algorithm = 'RS256',
): string {
  const now = clock.now() / 1000
  const moved = Object.entries({ ...claims, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, typeof value === 'number' && name !== 'ver' ? value + now : value])
  const header = { alg, kid: key.kid, ...(typ === undefined ? {} : { typ }) }
  return assemble(header, Object.fromEntries(moved), (input) => signBytes(input, alg, key.privateKey))
}

/** The caller, or the reason of the refusal. */
async function decide(
  token: string,
  issuer: IssuerOptions,
  options: Partial<ResourceServerOptions> = {},
): Promise<AuthInfo | string> {
  const reasons: string[] = []
  const rs = createResourceServer({
    resource,
    issuers: [issuer],
    requiredScopes: ['read', 'write'],
    fetch: provider(issuer),
    clock,
    onEvent: ({ kind, reason }) => void (kind === 'access.refused' && reasons.push(reason)),
    ...options,
  })
  const answer = await rs.authenticate(new Request(resource, { headers: { authorization: `Bearer ${token}` } }))
  rs.close()
  return answer instanceof Response ? (reasons[0] ?? `${answer.status}`) : answer
}

for (const shape of recordedShapes) {
  test(`M3 ${shape.name}: good with the preset`, async () => {
    const auth = await decide(sign(shape), shape.options)
    assert.ok(typeof auth !== 'string', String(auth))
    assert.equal(auth.clientId, shape.clientId)
    assert.deepEqual(auth.scopes, shape.scopes)
    assert.equal(auth.issuer, shape.options.issuer)
  })

  test(`M3 ${shape.name}: what the event says without it`, async () => {
    const { issuer, discoveryUrl = '' } = shape.options
    const decision = await decide(sign(shape), { issuer, discoveryUrl }, { requiredScopes: [] })
    if (shape.withoutPreset === undefined) assert.ok(typeof decision !== 'string', String(decision))
    else assert.equal(decision, shape.withoutPreset)
  })

  for (const [changes, reason] of shape.wrong) {
    test(`M3 ${shape.name}: ${JSON.stringify(changes, (_, value) => value ?? null)} is ${reason}`, async () => {
      assert.equal(await decide(sign(shape, changes), shape.options), reason)
    })
  }
}

test('M3 Entra: tokens of version 1 name the Application ID URI as clients wrote it, its slash included', async () => {
  const applicationIdUri = 'https://contoso.example/mcp/'
  const shape = recordedShapes.find(({ claims }) => claims['ver'] === '1.0') ?? assert.fail('no shape of version 1')
  const [tenantId, clientId] = [String(shape.claims['tid']), '11111111-2222-4333-8444-555555555555']
  const issuer = entra({ tenantId, clientId, applicationIdUri, tokenVersion: 1 })
  for (const aud of [applicationIdUri, 'https://contoso.example/mcp', clientId]) {
    const auth = await decide(sign(shape, { aud }), issuer)
    assert.ok(typeof auth !== 'string', `${aud}: ${auth}`)
  }
  assert.equal(await decide(sign(shape, { aud: 'https://contoso.example/' }), issuer), 'audience_mismatch')
})

test('M3 Auth0: an API may be set to PS256', async () => {
  const shape =
    recordedShapes.find(({ options }) => options.issuer.includes('auth0')) ?? assert.fail('no shape of Auth0')
  const auth = await decide(sign(shape, {}, 'PS256'), shape.options)
  assert.ok(typeof auth !== 'string', String(auth))
})

const ours = '1234567890-abc.apps.googleusercontent.com'

/** Google's tokeninfo: numbers are texts, no `active`, no `iss`. */
function tokenInfo(
  answer: Record<string, unknown>,
  status = 200,
): { readonly fetch: typeof fetch; readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    fetch: async (input, init) => {
      asked.push(`${init?.method} ${String(input)} ${init?.body}`)
      return Response.json(answer, { status })
    },
  }
}

const googleUser = {
  azp: ours,
  aud: ours,
  sub: '110169484474386276334',
  scope: 'openid read write',
  exp: String(clock.now() / 1000 + 3599),
  expires_in: '3599',
  email: 'kim@example.com',
  email_verified: 'true',
  access_type: 'online',
}

test('M3 Google: an access token is asked about, by POST', async () => {
  const { fetch, asked } = tokenInfo(googleUser)
  const auth = await decide('ya29.a0AfB_byC', google({ clientIds: ours }), { fetch })
  assert.ok(typeof auth !== 'string', String(auth))
  assert.equal(auth.kind, 'introspected')
  assert.equal(auth.issuer, 'https://accounts.google.com')
  assert.equal(auth.clientId, ours)
  assert.equal(auth.expiresAt, clock.now() / 1000 + 3599)
  assert.deepEqual(asked, ['POST https://oauth2.googleapis.com/tokeninfo access_token=ya29.a0AfB_byC'])
})

test('M3 Google: the tokens of service accounts have the shape of a JWT, and are asked about all the same', async () => {
  const { fetch } = tokenInfo(googleUser)
  assert.ok(typeof (await decide('ya29.c.c0ASRK0Gb', google({ clientIds: ours }), { fetch })) !== 'string')
})

/** As options: Google answers so. */
function answering(...answer: Parameters<typeof tokenInfo>): Partial<ResourceServerOptions> {
  return { fetch: tokenInfo(...answer).fetch }
}

test('M3 Google: what must not pass', async () => {
  const options = google({ clientIds: ours })
  const other = { ...googleUser, azp: 'other.apps.googleusercontent.com', aud: 'other.apps.googleusercontent.com' }
  assert.equal(await decide('ya29.x', options, answering(other)), 'audience_mismatch')
  assert.equal(await decide('ya29.x', options, answering({ error: 'invalid_token' }, 400)), 'inactive')
  assert.equal(
    await decide('ya29.x', options, answering({ error_description: 'Invalid Value', error: 'x' })),
    'inactive',
  )
  assert.equal(await decide('ya29.x', options, answering(googleUser, 500)), 'introspection_unavailable')
  assert.equal(await decide('ya29.x', options, answering({ ...googleUser, exp: '1' })), 'expired')
  assert.equal(await decide('ya29.x', options, answering({ ...googleUser, exp: 'soon' })), 'malformed_claim')
  assert.equal(await decide('opaque', options, answering(googleUser)), 'malformed_token')
  const idToken = sign({ claims: { iss: options.issuer, aud: ours, azp: ours, sub: 's', iat: 0, exp: 3600 } })
  assert.equal(await decide(idToken, options, answering({ error: 'invalid_token' }, 400)), 'inactive')
})

const clerk: IssuerOptions = {
  issuer: 'https://saving-primate-16.clerk.accounts.dev',
  // What Clerk says of a token names no audience: the clients that may come in are all that can be asked for.
  audienceClaim: 'client_id',
  audience: 'client_2xhFjEI5X2qWRvtV13BzSj8H6Dk',
  introspection: {
    endpoint: 'https://saving-primate-16.clerk.accounts.dev/oauth/token_info',
    clientId: 'rs',
    clientSecret: 'secret',
  },
}

const clerkUser = {
  active: true,
  client_id: 'client_2xhFjEI5X2qWRvtV13BzSj8H6Dk',
  sub: 'user_2xhFjEI5X2qWRvtV13BzSj8H6Dk',
  scope: 'read write',
  iat: clock.now() / 1000,
  exp: clock.now() / 1000 + 86_400,
}

test('M3 Clerk: an opaque token is asked about, and is for the client that it was given to', async () => {
  const { fetch, asked } = tokenInfo(clerkUser)
  const auth = await decide('oat_8XOIucKvqHVr5tYP123456789abcdefghij', clerk, { fetch })
  assert.ok(typeof auth !== 'string', String(auth))
  assert.deepEqual([auth.kind, auth.clientId, auth.scopes], ['introspected', clerkUser.client_id, ['read', 'write']])
  assert.equal(asked.length, 1)
  const { audience: _, audienceClaim: __, ...bare } = clerk
  assert.equal(await decide('oat_x', bare, answering(clerkUser)), 'audience_missing')
  assert.equal(await decide('oat_x', clerk, answering({ ...clerkUser, client_id: 'other' })), 'audience_mismatch')
  assert.equal(await decide('oat_x', clerk, answering({ active: false })), 'inactive')
})

test('D16 Entra: clients see the scopes that they have to ask for, and what is checked is what tokens say', async () => {
  const clientId = '11111111-2222-4333-8444-555555555555'
  const issuer = entra({ tenantId: '7b8a2f0e-3c1d-4e5f-8a9b-0c1d2e3f4a5b', clientId })
  const rs = createResourceServer({ resource, issuers: [issuer], requiredScopes: ['read', 'openid', 'api://other/x'] })
  const answer = await rs.authenticate(new Request(resource), { scopes: ['write'] })
  assert.ok(answer instanceof Response)
  const scopes = `api://${clientId}/read api://other/x api://${clientId}/write`
  assert.ok(
    answer.headers.get('www-authenticate')?.includes(`scope="${scopes}"`),
    answer.headers.get('www-authenticate') ?? '',
  )
  const document = await rs.metadata(new Request(rs.metadataUrl ?? ''))?.json()
  assert.deepEqual(document.scopes_supported, [`api://${clientId}/read`, 'api://other/x'])
})

test('options that cannot be right are named', () => {
  const guid = '11111111-2222-4333-8444-555555555555'
  const refuses = (option: string, call: () => unknown) =>
    assert.throws(call, (error) => error instanceof ConfigError && error.option === option, option)
  refuses('entra.tenantId', () => entra({ tenantId: 'common', clientId: guid }))
  refuses('entra.clientId', () => entra({ tenantId: guid, clientId: 'my-app' }))
  refuses('entra.tenant', () => entra({ tenantId: guid, clientId: guid, ...{ tenant: guid } }))
  refuses('cognito.userPoolId', () => cognito({ region: 'eu-central-1', userPoolId: '../x' }))
  refuses('cognito.clientIds', () => cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_p', clientIds: [] }))
  refuses('okta.domain', () => okta({ domain: 'https://dev-1.okta.com' }))
  refuses('okta.authorizationServer', () => okta({ domain: 'dev-1.okta.com', authorizationServer: '' }))
  refuses('auth0.domain', () => auth0({ domain: 'tenant.eu.auth0.com/' }))
  refuses('keycloak.url', () => keycloak({ url: 'http://sso.example.com', realm: 'r' }))
  refuses('keycloak.realm', () => keycloak({ url: 'https://sso.example.com', realm: '..' }))
  // What is easily copied from the wrong place, and would only show as keys that cannot be had.
  refuses('cognito.userPoolId', () => cognito({ region: 'eu-central-1', userPoolId: 'us-east-1_AbCdEfGhI' }))
  refuses('okta.domain', () => okta({ domain: 'dev-1-admin.okta.com' }))
  refuses('keycloak.url', () => keycloak({ url: 'https://sso.example.com/realms/r', realm: 'r' }))
  refuses('google.clientIds', () => google({ clientIds: '' }))
  refuses('agentkit.discoveryUrl', () => agentkit({ discoveryUrl: 'https://pool.example', allowedClients: 'c' }))
  refuses('agentkit.allowedClients', () =>
    agentkit({ discoveryUrl: 'https://pool.example/.well-known/openid-configuration', allowedClients: [] }),
  )
})
