import type { JsonObject, Reason } from '@postern/core'
import type { IssuerOptions } from '../options/types.ts'
import { agentkit } from './agentkit.ts'
import { auth0 } from './auth0.ts'
import { cognito } from './cognito.ts'
import { entra } from './entra.ts'
import { keycloak } from './keycloak.ts'
import { okta } from './okta.ts'

export const resource = 'https://mcp.example/mcp'

/** An access token as a provider makes them; names and ids are made up, times are the test's. */
export interface RecordedShape {
  readonly name: string
  readonly options: IssuerOptions
  /** `typ` of the header, where there is one. */
  readonly typ?: string
  readonly claims: JsonObject
  /** The caller that it makes. */
  readonly clientId: string
  readonly scopes: readonly string[]
  /** What events say of it where the issuer is configured by its name alone; absent: nothing, it is good as it is. */
  readonly withoutPreset?: Reason
  /** Changes that make it a token which must not pass, and what events say then. */
  readonly wrong: readonly (readonly [changes: JsonObject, reason: Reason])[]
}

const tenantId = '7b8a2f0e-3c1d-4e5f-8a9b-0c1d2e3f4a5b'
const clientId = '11111111-2222-4333-8444-555555555555'
const agent = '99999999-8888-4777-8666-555555555555'
const otherTenant = '00000000-1111-4222-8333-444444444444'
const hour = { iat: 0, exp: 3600 }

const entraUser = {
  ...hour,
  nbf: 0,
  aud: clientId,
  iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
  aio: 'AXQAi/8TAAAA',
  azp: agent,
  azpacr: '0',
  name: 'Kim Example',
  oid: 'a1a1a1a1-b2b2-4c3c-8d4d-e5e5e5e5e5e5',
  preferred_username: 'kim@example.com',
  rh: '0.AXoA',
  scp: 'read write',
  sub: 'zLq0vSgxKPtlUuKe3sFkKDbW9TbVu7CKaS0nX8fAb1k',
  tid: tenantId,
  uti: 'kD2aE3bC40uQ',
  ver: '2.0',
}

const pool = { region: 'eu-central-1', userPoolId: 'eu-central-1_AbCdEfGhI' }
const poolIssuer = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI'
const app = '3n4b5urk1ft4fl3mg5e62d9ado'
const cognitoUser = {
  ...hour,
  sub: '02b4c8d2-1001-70ab-1234-5678abcd9012',
  iss: poolIssuer,
  client_id: app,
  origin_jti: '9a1b2c3d-0000-4000-8000-000000000001',
  event_id: '9a1b2c3d-0000-4000-8000-000000000002',
  token_use: 'access',
  scope: 'read write',
  auth_time: 0,
  jti: '9a1b2c3d-0000-4000-8000-000000000003',
  username: 'kim',
  'cognito:groups': ['staff'],
}

const auth0User = {
  ...hour,
  iss: 'https://tenant.eu.auth0.com/',
  sub: 'auth0|650000000000000000000000',
  aud: ['https://api.example', 'https://tenant.eu.auth0.com/userinfo'],
  azp: 'bVvQ1aBcDeFgHiJkLmNoPqRsTuVwXyZ0',
  scope: 'openid read write offline_access',
}
const auth0Options = { domain: 'tenant.eu.auth0.com', audience: 'https://api.example' }

const keycloakUser = {
  ...hour,
  auth_time: 0,
  jti: 'onrtac:6f8a0b1c-2d3e-4f50-8172-839405a6b7c8',
  iss: 'https://sso.example.com/realms/staff',
  aud: [resource, 'account'],
  sub: 'f1e2d3c4-b5a6-4978-8c6d-5e4f3a2b1c0d',
  typ: 'Bearer',
  azp: 'agent',
  sid: '0a1b2c3d-4e5f-4607-8192-a3b4c5d6e7f8',
  acr: '1',
  'allowed-origins': ['https://agent.example'],
  realm_access: { roles: ['offline_access', 'uma_authorization'] },
  resource_access: { account: { roles: ['view-profile'] } },
  scope: 'read write profile',
  preferred_username: 'kim',
}
const keycloakOptions = { url: 'https://sso.example.com/', realm: 'staff' }

const volc = 'https://userpool-1234.userpool.auth.id.cn-beijing.volces.com'

const ping = `https://auth.pingone.eu/${tenantId}/as`

const workos = 'https://acme.authkit.app'
const workosUser = {
  ...hour,
  iss: workos,
  sub: 'user_01HXYZUSER0000000000000000',
  client_id: 'client_01HXYZAGENT000000000000000',
  org_id: 'org_01HXYZORG00000000000000000',
  sid: 'app_consent_01HXYZCONSENT0000000000',
  scope: 'openid read write',
  jti: '01HXYZTOKEN0000000000000000',
}

/** Where that issuer's metadata stands. */
function at(issuer: string): { readonly discoveryUrl: string } {
  return { discoveryUrl: `${issuer}/.well-known/openid-configuration` }
}

export const recordedShapes: readonly RecordedShape[] = [
  {
    name: 'Entra, version 2, a user',
    options: entra({ tenantId, clientId }),
    typ: 'JWT',
    claims: entraUser,
    clientId: agent,
    scopes: ['read', 'write'],
    withoutPreset: 'audience_mismatch',
    wrong: [
      [{ aud: '00000003-0000-0000-c000-000000000000' }, 'audience_mismatch'],
      [{ tid: otherTenant }, 'claim_rule'],
      [{ iss: `https://login.microsoftonline.com/${otherTenant}/v2.0` }, 'issuer_unknown'],
      [{ azp: undefined, scp: undefined, nonce: 'n' }, 'id_token'],
      [{ azp: undefined, scp: undefined }, 'client_missing'],
    ],
  },
  {
    name: 'Entra, version 2, an application',
    options: entra({ tenantId, clientId }),
    typ: 'JWT',
    claims: { ...entraUser, scp: undefined, name: undefined, roles: ['read', 'write'], azpacr: '1', idtyp: 'app' },
    clientId: agent,
    scopes: ['read', 'write'],
    withoutPreset: 'audience_mismatch',
    wrong: [],
  },
  {
    name: 'Entra, version 1, a user',
    options: entra({ tenantId, clientId, tokenVersion: 1 }),
    typ: 'JWT',
    claims: {
      ...entraUser,
      aud: `api://${clientId}`,
      iss: `https://sts.windows.net/${tenantId}/`,
      azp: undefined,
      azpacr: undefined,
      appid: agent,
      appidacr: '0',
      ver: '1.0',
    },
    clientId: agent,
    scopes: ['read', 'write'],
    withoutPreset: 'audience_mismatch',
    wrong: [[{ appid: undefined }, 'client_missing']],
  },
  {
    name: 'Cognito, a user, no audience',
    options: cognito({ ...pool, clientIds: app }),
    claims: cognitoUser,
    clientId: app,
    scopes: ['read', 'write'],
    withoutPreset: 'audience_missing',
    wrong: [
      [{ token_use: 'id', aud: app }, 'id_token'],
      [{ token_use: undefined }, 'typ_not_allowed'],
      [{ client_id: 'another' }, 'audience_mismatch'],
      [{ client_id: undefined }, 'audience_missing'],
    ],
  },
  {
    name: 'Cognito, a user, with a resource',
    options: cognito(pool),
    claims: { ...cognitoUser, aud: resource },
    clientId: app,
    scopes: ['read', 'write'],
    wrong: [
      [{ aud: undefined }, 'audience_missing'],
      [{ aud: 'https://other.example/mcp' }, 'audience_mismatch'],
    ],
  },
  {
    name: 'Okta, a user',
    options: okta({ domain: 'dev-123456.okta.com' }),
    claims: {
      ...hour,
      ver: 1,
      jti: 'AT.k8m2N1pQ',
      iss: 'https://dev-123456.okta.com/oauth2/default',
      aud: 'api://default',
      cid: '0oa1abcdEFGHijkl5d7',
      uid: '00u1abcdEFGHijkl5d7',
      scp: ['openid', 'read', 'write'],
      auth_time: 0,
      sub: 'kim@example.com',
    },
    clientId: '0oa1abcdEFGHijkl5d7',
    scopes: ['openid', 'read', 'write'],
    withoutPreset: 'audience_mismatch',
    wrong: [
      [{ aud: 'https://dev-123456.okta.com' }, 'audience_mismatch'],
      [{ cid: undefined }, 'client_missing'],
    ],
  },
  {
    name: 'Auth0, a user',
    options: auth0(auth0Options),
    typ: 'JWT',
    claims: auth0User,
    clientId: auth0User.azp,
    scopes: ['openid', 'read', 'write', 'offline_access'],
    withoutPreset: 'audience_mismatch',
    wrong: [
      [{ aud: 'https://tenant.eu.auth0.com/userinfo' }, 'audience_mismatch'],
      [{ iss: 'https://tenant.eu.auth0.com' }, 'issuer_unknown'],
    ],
  },
  {
    name: 'Auth0, the RFC 9068 profile, permissions',
    options: auth0({ ...auth0Options, permissions: true }),
    typ: 'at+jwt',
    claims: {
      ...auth0User,
      azp: undefined,
      client_id: auth0User.azp,
      jti: 'j',
      scope: 'openid',
      permissions: ['read', 'write'],
    },
    clientId: auth0User.azp,
    scopes: ['read', 'write'],
    withoutPreset: 'audience_mismatch',
    wrong: [],
  },
  {
    name: 'Keycloak, a user, with an audience mapper',
    options: keycloak(keycloakOptions),
    typ: 'JWT',
    claims: keycloakUser,
    clientId: 'agent',
    scopes: ['read', 'write', 'profile'],
    wrong: [
      [{ aud: 'account' }, 'audience_mismatch'],
      [{ aud: undefined }, 'audience_missing'],
      [{ typ: 'ID' }, 'typ_not_allowed'],
      [{ typ: 'Refresh' }, 'typ_not_allowed'],
    ],
  },
  {
    name: 'AgentKit, a machine',
    options: agentkit({ discoveryUrl: `${volc}/.well-known/openid-configuration`, allowedClients: 'pool-client-1' }),
    typ: 'JWT',
    claims: {
      ...hour,
      iss: volc,
      aud: 'pool-client-1',
      client_id: 'pool-client-1',
      sub: 'pool-client-1',
      scope: 'read write',
    },
    clientId: 'pool-client-1',
    scopes: ['read', 'write'],
    withoutPreset: 'audience_mismatch',
    wrong: [
      [{ aud: 'pool-client-2' }, 'audience_mismatch'],
      [{ aud: 'pool-client-2', client_id: 'pool-client-2' }, 'client_not_allowed'],
    ],
  },
  {
    name: 'Logto, which needs no preset',
    options: { issuer: 'https://tenant.logto.app/oidc', ...at('https://tenant.logto.app/oidc') },
    typ: 'at+jwt',
    claims: {
      ...hour,
      jti: 'x3Kd9',
      sub: 'ab12cd34ef56',
      scope: 'read write',
      client_id: 'agent0000000000000001',
      iss: 'https://tenant.logto.app/oidc',
      aud: resource,
    },
    clientId: 'agent0000000000000001',
    scopes: ['read', 'write'],
    wrong: [],
  },
  {
    name: 'PingOne, with the audience of the resource',
    options: { issuer: ping, ...at(ping), audience: 'my-api' },
    claims: {
      ...hour,
      client_id: agent,
      iss: ping,
      aud: ['my-api'],
      sub: agent,
      scope: 'read write',
      env: tenantId,
      org: otherTenant,
    },
    clientId: agent,
    scopes: ['read', 'write'],
    withoutPreset: 'audience_mismatch',
    wrong: [],
  },
  {
    name: 'PingOne, a machine, whose tokens name no subject',
    options: { issuer: ping, ...at(ping), audience: 'my-api', allowMissingClaims: ['sub'] },
    claims: { ...hour, client_id: agent, iss: ping, aud: ['my-api'], scope: 'read write' },
    clientId: agent,
    scopes: ['read', 'write'],
    withoutPreset: 'audience_mismatch',
    wrong: [[{ sub: '' }, 'subject_missing']],
  },
  {
    name: 'WorkOS, a user, with a resource indicator',
    options: { issuer: workos, ...at(workos) },
    claims: { ...workosUser, aud: resource },
    clientId: workosUser.client_id,
    scopes: ['openid', 'read', 'write'],
    wrong: [[{ aud: 'client_01HXYZENVIRONMENT000000000' }, 'audience_mismatch']],
  },
  {
    name: 'WorkOS, a machine, whose audience is the environment',
    options: { issuer: workos, ...at(workos), audience: 'client_01HXYZENVIRONMENT000000000' },
    claims: {
      ...workosUser,
      aud: 'client_01HXYZENVIRONMENT000000000',
      sub: workosUser.client_id,
      sid: undefined,
      scope: 'read write',
    },
    clientId: workosUser.client_id,
    scopes: ['read', 'write'],
    withoutPreset: 'audience_mismatch',
    wrong: [[{ iss: 'https://another.authkit.app' }, 'issuer_unknown']],
  },
]
