import { z } from 'zod'
import { limits } from '../limits.ts'
import { authMethod, clientRules, clientType, grantType } from './client-rules.ts'
import { jwks } from './jwks.ts'
import { redirectUri } from './redirect-uri.ts'
import {
  clearable,
  fetchUrl,
  id,
  immutable,
  name,
  refreshTtl,
  refused,
  resourceId,
  resourceList,
  scopeList,
  timeOut,
  ttl,
  uniqueList,
  userRef,
} from './scalars.ts'
import { strict, withRules } from './validate.ts'

export const clientSecret = z
  .string()
  .min(limits.clientSecretMin)
  .max(limits.clientSecretMax)
  .regex(/^[A-Za-z0-9_-]*$/, 'must be of A-Z, a-z, 0-9, "_" and "-"')

/** SHA-256 of a secret, base64url: what `postern export` writes. */
export const secretHash = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be a SHA-256 in base64url, 43 characters')

const redirectUris = uniqueList(redirectUri, limits.redirectUris)

const clientGrants = uniqueList(grantType, limits.grantTypes)
/** How a client came to be known. */
export const registrations = ['management', 'dynamic', 'metadata_document'] as const
export type Registration = (typeof registrations)[number]

export const clientFields = {
  clientId: id.exactOptional(),
  name,
  clientType,
  tokenEndpointAuthMethod: authMethod.exactOptional(),
  jwks: jwks.exactOptional(),
  jwksUri: fetchUrl.exactOptional(),
  redirectUris: redirectUris.exactOptional(),
  scopes: scopeList.exactOptional(),
  resources: resourceList.exactOptional(),
  defaultResource: resourceId.exactOptional(),
  accessTokenTtl: ttl.exactOptional(),
  grantTypes: clientGrants.exactOptional(),
  postLogoutRedirectUris: redirectUris.exactOptional(),
  logoUri: fetchUrl.exactOptional(),
  clientUri: fetchUrl.exactOptional(),
  refreshTokenTtl: refreshTtl.exactOptional(),
  skipConsentEnabled: z.boolean().exactOptional(),
  unattendedUser: userRef.exactOptional(),
}

export const clientCreate = withRules(
  strict({ ...clientFields, clientSecret: clientSecret.exactOptional() }),
  clientRules,
).meta({ id: 'ClientCreate' })
export type ClientCreate = z.output<typeof clientCreate>

export const clientPatch = strict({
  name: name.exactOptional(),
  tokenEndpointAuthMethod: authMethod.exactOptional(),
  jwks: clearable(jwks),
  jwksUri: clearable(fetchUrl),
  redirectUris: clearable(redirectUris),
  scopes: clearable(scopeList),
  resources: clearable(resourceList),
  defaultResource: clearable(resourceId),
  accessTokenTtl: clearable(ttl),
  grantTypes: clearable(clientGrants),
  postLogoutRedirectUris: clearable(redirectUris),
  logoUri: clearable(fetchUrl),
  clientUri: clearable(fetchUrl),
  refreshTokenTtl: clearable(refreshTtl),
  skipConsentEnabled: clearable(z.boolean()),
  unattendedUser: clearable(userRef),
  clientId: immutable('make another client'),
  clientType: clientType.exactOptional().meta({ description: 'Cannot change.' }),
  clientSecret: refused('is not set here; POST to the secrets of this client makes a new one beside the old'),
}).meta({ id: 'ClientPatch' })
export type ClientPatch = z.output<typeof clientPatch>

export const clientReply = z
  .object({
    clientId: id,
    clientSecret: z.string().exactOptional().meta({ description: 'In the answer to POST only.' }),
    name,
    clientType,
    tokenEndpointAuthMethod: authMethod,
    jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).exactOptional(),
    jwksUri: z.string().exactOptional(),
    redirectUris: z.array(z.string()).exactOptional(),
    scopes: z.array(z.string()).exactOptional().meta({ description: 'Absent: all scopes of its resources.' }),
    resources: z.array(z.string()).exactOptional().meta({ description: 'Absent: all resources of the pool.' }),
    defaultResource: z.string().exactOptional(),
    accessTokenTtl: ttl.exactOptional(),
    grantTypes: z.array(grantType),
    postLogoutRedirectUris: z.array(z.string()).exactOptional(),
    logoUri: z.string().exactOptional(),
    clientUri: z.string().exactOptional(),
    refreshTokenTtl: refreshTtl.exactOptional(),
    skipConsentEnabled: z.boolean(),
    unattendedUser: z.string().exactOptional(),
    registration: z.enum(registrations),
    expiresAt: timeOut.exactOptional().meta({ description: 'Of clients that registered themselves.' }),
    createdAt: timeOut,
    updatedAt: timeOut,
  })
  .meta({ id: 'Client' })
export type ClientReply = z.output<typeof clientReply>
