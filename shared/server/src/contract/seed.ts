import { checkResource, isApiKey } from '@postern/core'
import { z } from 'zod'
import { limits } from '../limits.ts'
import { apiKeyFields } from './api-key.ts'
import { customJwtFields, discoveryUrl, duplicateNames, keyLimit, oneOfEachType } from './authorizer.ts'
import { clientFields, clientSecret, secretHash } from './client.ts'
import { type ClientShape, clientRules, defaultAuthMethod } from './client-rules.ts'
import { poolFields } from './pool.ts'
import { resourceScopes } from './resource.ts'
import { id, name, text, ttl, uniqueList } from './scalars.ts'
import { pathProblem, serviceFields } from './service.ts'
import { type FieldError, strict, withRules } from './validate.ts'

/** In a seed file a resource may be a path of the gateway: `/mcp`. */
const seedResource = z.string().transform((value, context) => {
  const message = value.startsWith('/') ? pathProblem(value) : undefined
  const checked = value.startsWith('/') ? { ok: true as const, resource: value } : checkResource(value)
  if (message === undefined && checked.ok) return checked.resource
  context.addIssue({ code: 'custom', message: message ?? (checked.ok ? '' : checked.message) })
  return z.NEVER
})
const seedResources = uniqueList(seedResource, limits.resources)

const resource = strict({
  identifier: seedResource,
  name: name.exactOptional(),
  scopes: resourceScopes.exactOptional(),
  accessTokenTtl: ttl.exactOptional(),
})
export type SeedResource = z.output<typeof resource>

const client = withRules(
  strict({
    ...clientFields,
    clientId: id,
    name: name.exactOptional(),
    resources: seedResources.exactOptional(),
    defaultResource: seedResource.exactOptional(),
    clientSecret: clientSecret.exactOptional(),
    secretHash: secretHash.exactOptional(),
  }),
  (value) => [...clientRules(value), ...seedSecretRules(value)],
)
export type SeedClient = z.output<typeof client>

/** A seed file is applied again and again, so it must bring the secret: one made by us would be shown nowhere. */
function seedSecretRules(value: ClientShape): FieldError[] {
  if (value.clientSecret !== undefined && value.secretHash !== undefined) {
    return [{ field: 'secretHash', code: 'invalid', message: 'give clientSecret or secretHash, not both' }]
  }
  const method = value.tokenEndpointAuthMethod ?? defaultAuthMethod(value.clientType)
  if (!method.startsWith('client_secret') || value.clientSecret !== undefined || value.secretHash !== undefined)
    return []
  return [
    {
      field: 'clientSecret',
      code: 'required',
      message: 'a seeded client brings its secret; give clientSecret or secretHash',
    },
  ]
}

const pool = strict({
  ...poolFields,
  id,
  name: name.exactOptional(),
  defaultResource: seedResource.exactOptional(),
  resources: z.array(resource).max(limits.resources).exactOptional(),
  clients: z.array(client).max(limits.seedClients).exactOptional(),
})
export type SeedPool = z.output<typeof pool>

const apiKey = withRules(
  strict({
    ...apiKeyFields,
    key: z
      .string()
      .refine(isApiKey, 'must be pst_ and 43 characters of base64url, such as a key that the gateway made')
      .exactOptional(),
    keyHash: secretHash.exactOptional(),
  }),
  ({ key, keyHash }) => {
    if (key !== undefined && keyHash !== undefined)
      return [{ field: 'keyHash', code: 'invalid', message: 'give key or keyHash, not both' }]
    if (key !== undefined || keyHash !== undefined) return []
    return [
      {
        field: 'key',
        code: 'required',
        message: 'a seeded API key brings its value; give key or keyHash',
      },
    ]
  },
)
export type SeedApiKey = z.output<typeof apiKey>

const seedApiKeyAuthorizer = strict({
  type: z.literal('ApiKey'),
  apiKeys: withRules(z.array(apiKey), (keys) => [...keyLimit(keys), ...duplicateNames(keys)]).exactOptional(),
})

const seedCustomJwt = withRules(
  strict({
    type: z.literal('CustomJWT'),
    discoveryUrl: discoveryUrl.exactOptional(),
    pool: id.exactOptional(),
    ...customJwtFields,
  }),
  (value) => {
    if (value.pool !== undefined && value.discoveryUrl !== undefined) {
      return [{ field: 'discoveryUrl', code: 'invalid', message: 'give pool or discoveryUrl, not both' }]
    }
    if (value.pool !== undefined || value.discoveryUrl !== undefined) return []
    return [{ field: 'pool', code: 'required', message: 'name a pool of this file, or give discoveryUrl' }]
  },
)

const seedAuthorizer = z.discriminatedUnion('type', [seedApiKeyAuthorizer, seedCustomJwt])
export type SeedAuthorizer = z.output<typeof seedAuthorizer>

const service = strict({
  ...serviceFields,
  id,
  name: name.exactOptional(),
  authorizers: withRules(z.array(seedAuthorizer).min(1), oneOfEachType).exactOptional(),
})
export type SeedService = z.output<typeof service>

const accessKey = strict({
  accessKeyId: text(limits.name),
  secretAccessKey: z.string().min(16).max(limits.clientSecretMax),
})

/** The whole file. What one entry says of another is checked by the loader, which knows the lines. */
export const seed = strict({
  version: z.literal(1),
  pools: z.array(pool).max(limits.seedPools).default([]),
  services: z.array(service).max(limits.seedServices).default([]),
  accessKeys: z.array(accessKey).max(limits.accessKeys).default([]),
})
export type Seed = z.output<typeof seed>
