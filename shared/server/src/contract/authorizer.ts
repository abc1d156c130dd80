import { issuerFromDiscoveryUrl } from '@postern/core'
import { z } from 'zod'
import { limits } from '../limits.ts'
import { apiKeyCreate, apiKeyReply } from './api-key.ts'
import { repeats } from './repeats.ts'
import { fetchUrl, scopeList, text, uniqueList } from './scalars.ts'
import { type FieldError, strict, withRules } from './validate.ts'

/** The URL of an issuer's metadata, in one of its three forms. */
export const discoveryUrl = fetchUrl.refine((value) => issuerFromDiscoveryUrl(value) !== undefined, {
  error: "must be an issuer's metadata, such as https://idp.example/pools/p1/.well-known/openid-configuration",
  abort: true,
})

const claimValue = z.union([z.string().max(limits.claimText), z.number(), z.boolean()])

/** What a claim must be: this value, one of these values; in a claim that is a list, one of its entries. */
export const claims = z
  .record(z.string().min(1).max(limits.name), z.union([claimValue, z.array(claimValue).min(1).max(limits.claimValues)]))
  .refine(
    (value) => Object.keys(value).length <= limits.claimRules,
    `has more than ${limits.claimRules} rules; remove some`,
  )

/** What a CustomJWT authorizer may ask for besides its issuer. */
export const customJwtFields = {
  allowedClients: uniqueList(text(limits.name), limits.allowedClients).exactOptional(),
  allowedAudiences: uniqueList(z.string().min(1).max(limits.url), limits.allowedAudiences).exactOptional(),
  requiredScopes: scopeList.exactOptional(),
  claims: claims.exactOptional(),
  acceptClientIdAudience: z.boolean().exactOptional(),
}

export const customJwt = strict({ type: z.literal('CustomJWT'), discoveryUrl, ...customJwtFields }).meta({
  id: 'CustomJwtAuthorizer',
})
export type CustomJwtAuthorizer = z.output<typeof customJwt>

export const apiKeyAuthorizer = strict({
  type: z.literal('ApiKey'),
  apiKeys: withRules(z.array(apiKeyCreate), (keys) => [...keyLimit(keys), ...repeatedNames(keys)]).exactOptional(),
}).meta({ id: 'ApiKeyAuthorizer' })
export type ApiKeyAuthorizer = z.output<typeof apiKeyAuthorizer>

/** How callers of a service show who they are. */
export const authorizer = z.discriminatedUnion('type', [apiKeyAuthorizer, customJwt])
export type Authorizer = z.output<typeof authorizer>

/** One or two, no type twice. */
export const authorizers = withRules(z.array(authorizer).min(1), oneOfEachType)

export function oneOfEachType(list: readonly { type: string }[]): FieldError[] {
  return repeats(
    list,
    ({ type }) => type,
    '.type',
    (first) => `is that of ${first} too; a service has one of each type`,
  )
}

export function keyLimit(keys: readonly unknown[]): FieldError[] {
  if (keys.length <= limits.apiKeys) return []
  return [
    {
      field: '',
      code: 'limit',
      message: `a service has at most ${limits.apiKeys} keys; remove ${keys.length - limits.apiKeys}`,
    },
  ]
}

export function repeatedNames(keys: readonly { name: string }[]): FieldError[] {
  return repeats(
    keys,
    ({ name }) => name,
    '.name',
    (first) => `is the name of ${first} too; give each its own`,
  )
}

export const authorizerReply = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ApiKey'), apiKeys: z.array(apiKeyReply) }).meta({ id: 'ApiKeyAuthorizerReply' }),
  z
    .object({
      type: z.literal('CustomJWT'),
      discoveryUrl: z.string(),
      issuer: z.string().exactOptional(),
      allowedClients: z.array(z.string()).exactOptional(),
      allowedAudiences: z.array(z.string()).exactOptional(),
      requiredScopes: z.array(z.string()).exactOptional(),
      claims: z.record(z.string(), z.unknown()).exactOptional(),
      acceptClientIdAudience: z.boolean().exactOptional(),
    })
    .meta({ id: 'CustomJwtAuthorizerReply' }),
])
export type AuthorizerReply = z.output<typeof authorizerReply>
