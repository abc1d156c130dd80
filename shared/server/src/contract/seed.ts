import { checkResource, isApiKey } from '@postern/core'
import { z } from 'zod'
import { accessKeyRules, accessKeyTexts } from '../config/access-key.ts'
import { limits } from '../limits.ts'
import { apiKeyFields } from './api-key.ts'
import { customJwtFields, discoveryUrl, keyLimit, oneOfEachType, repeatedNames } from './authorizer.ts'
import { clientFields, clientSecret, secretHash } from './client.ts'
import { clientRules } from './client-rules.ts'
import { groupFields } from './group.ts'
import { password } from './password-policy.ts'
import { poolFields } from './pool.ts'
import { repeats } from './repeats.ts'
import { resourceScopes } from './resource.ts'
import { id, name, ttl, uniqueList } from './scalars.ts'
import { seedSecretRules, seedSecrets } from './seed-secret.ts'
import { pathProblem, serviceFields } from './service.ts'
import { toolsetFields } from './toolset.ts'
import { userFields, verifiedRules } from './user.ts'
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
    secretHash: seedSecrets.exactOptional(),
  }),
  (value) => [...clientRules(value), ...seedSecretRules(value)],
)
export type SeedClient = z.output<typeof client>

const group = strict({ ...groupFields, id, name: name.exactOptional() })
export type SeedGroup = z.output<typeof group>

/** Password and status are those of a user who does not exist yet: what people change since is theirs. */
const user = withRules(
  strict({
    ...userFields,
    password: password.exactOptional(),
    passwordHash: z.string().max(limits.passwordHash).exactOptional(),
    /** Made by signing up: an address is a name to sign in with once it is verified. */
    signedUp: z.boolean().exactOptional(),
  }),
  (value) => [...verifiedRules(value), ...seedUserRules(value)],
)
export type SeedUser = z.output<typeof user>

interface UserShape {
  id?: string
  preferredUsername?: string
  email?: string
  phoneNumber?: string
  password?: string
  passwordHash?: string
}

function seedUserRules(value: UserShape): FieldError[] {
  if (value.password !== undefined && value.passwordHash !== undefined) {
    return [{ field: 'passwordHash', code: 'invalid', message: 'give password or passwordHash, not both' }]
  }
  if (value.id !== undefined || value.preferredUsername !== undefined) return []
  if (value.email !== undefined || value.phoneNumber !== undefined) return []
  const message = 'a seeded user is known by id, preferredUsername, email or phoneNumber; give one of them'
  return [{ field: 'preferredUsername', code: 'required', message }]
}

/** The default resource of a seeded pool: one that it has, none, or one that is registered later. */
const seedDefault = z.union(
  [seedResource, z.null(), strict({ toCome: seedResource })],
  'must be a resource, or null for none, or {toCome: resource}',
)
export type SeedDefault = z.output<typeof seedDefault>

/** A list in which each of these texts of an entry is there once. */
function entries<S extends z.ZodType>(entry: S, max: number, texts: Texts<z.output<S>>) {
  return withRules(z.array(entry).max(max), (list) =>
    Object.entries(texts).flatMap(([field, textOf]) =>
      repeats(list, textOf, `.${field}`, (first) => `is the same as ${first}.${field}; give each its own`),
    ),
  )
}
type Texts<T> = Readonly<Record<string, (entry: T) => string | undefined>>

const pool = strict({
  ...poolFields,
  id,
  name: name.exactOptional(),
  enabled: z.boolean().exactOptional(),
  defaultResource: seedDefault.exactOptional(),
  resources: entries(resource, limits.resources, { identifier: ({ identifier }) => identifier }).exactOptional(),
  groups: entries(group, limits.seedGroups, { id: (one) => one.id }).exactOptional(),
  users: entries(user, limits.seedUsers, {
    id: (one) => one.id,
    preferredUsername: (one) => one.preferredUsername?.toLowerCase(),
  }).exactOptional(),
  clients: entries(client, limits.seedClients, { clientId: ({ clientId }) => clientId }).exactOptional(),
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

function repeatedKeys(keys: readonly SeedApiKey[]): FieldError[] {
  return (['key', 'keyHash'] as const).flatMap((field) =>
    repeats(
      keys,
      (one) => one[field],
      `.${field}`,
      (first) => `is that of ${first} too; give each its own`,
    ),
  )
}

const seedApiKeyAuthorizer = strict({
  type: z.literal('ApiKey'),
  apiKeys: withRules(z.array(apiKey), (keys) => [
    ...keyLimit(keys),
    ...repeatedNames(keys),
    ...repeatedKeys(keys),
  ]).exactOptional(),
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

/** What of a service or toolset a seed says in its own way. */
const served = {
  id,
  path: z.string().max(limits.servicePath),
  name: name.exactOptional(),
  authorizers: withRules(z.array(seedAuthorizer).min(1), oneOfEachType).exactOptional(),
}

function ownPath(value: { path: string; id: string }): FieldError[] {
  const message = pathProblem(value.path, value.id)
  return message === undefined ? [] : [{ field: 'path', code: 'invalid', message }]
}

const service = withRules(strict({ ...serviceFields, ...served }), ownPath)
export type SeedService = z.output<typeof service>

const toolset = withRules(strict({ ...toolsetFields, ...served }), ownPath)
export type SeedToolset = z.output<typeof toolset>

const accessKey = strict({
  accessKeyId: z.string().regex(accessKeyRules.accessKeyId, accessKeyTexts.accessKeyId),
  secretAccessKey: z.string().regex(accessKeyRules.secretAccessKey, accessKeyTexts.secretAccessKey),
})

const pools = entries(pool, limits.seedPools, {
  id: (one) => one.id,
  name: (one) => `${one.projectName}\n${one.name ?? one.id}`,
})
const services = entries(service, limits.seedServices, { id: (one) => one.id, path: ({ path }) => path })
const toolsets = entries(toolset, limits.seedToolsets, { id: (one) => one.id, path: ({ path }) => path })
const accessKeys = entries(accessKey, limits.accessKeys, { accessKeyId: ({ accessKeyId }) => accessKeyId })

/** The whole file. Whether what a service or toolset names is in it is asked of files only, by the loader. */
export const seed = strict({
  version: z.literal(1),
  pools: pools.default([]),
  services: services.default([]),
  toolsets: toolsets.default([]),
  accessKeys: accessKeys.default([]),
})
export type Seed = z.output<typeof seed>
