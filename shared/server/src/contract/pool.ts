import { z } from 'zod'
import { limits } from '../limits.ts'
import { clearable, description, id, immutable, name, resourceId, text, timeOut, ttl, uniqueList } from './scalars.ts'
import { strict } from './validate.ts'

export const signingAlgorithms = ['ES256', 'RS256', 'EdDSA'] as const
export const signingAlgorithm = z.enum(signingAlgorithms)
export type SigningAlgorithm = z.output<typeof signingAlgorithm>

export const signInAttribute = z.enum(['preferred_username', 'phone_number', 'email'])
const attributes = uniqueList(signInAttribute, limits.attributes)

export const poolFields = {
  id: id.exactOptional(),
  name,
  description: description.exactOptional(),
  projectName: text(255).default('default'),
  signInAttributes: attributes.exactOptional(),
  requiredSignUpAttributes: attributes.exactOptional(),
  selfSignUpEnabled: z.boolean().exactOptional(),
  accessTokenTtl: ttl.exactOptional(),
  signingAlgorithm: signingAlgorithm.exactOptional(),
  defaultResource: resourceId.exactOptional(),
}

export const poolCreate = strict(poolFields).meta({ id: 'PoolCreate' })
export type PoolCreate = z.output<typeof poolCreate>

/** Fields that PATCH takes when they stay as they are; the directory, which knows what they are, refuses a change. */
const unchanging = {
  projectName: text(255).exactOptional(),
  signInAttributes: attributes.exactOptional(),
  requiredSignUpAttributes: attributes.exactOptional(),
}

export const poolPatch = strict({
  name: name.exactOptional(),
  description: clearable(description),
  selfSignUpEnabled: z.boolean().exactOptional(),
  accessTokenTtl: clearable(ttl),
  signingAlgorithm: signingAlgorithm.exactOptional(),
  defaultResource: clearable(resourceId),
  enabled: z.boolean().exactOptional(),
  id: immutable('make another pool'),
  ...unchanging,
}).meta({ id: 'PoolPatch' })
export type PoolPatch = z.output<typeof poolPatch>

export const poolReply = z
  .object({
    id,
    name,
    description: description.exactOptional(),
    projectName: z.string(),
    signInAttributes: z.array(signInAttribute),
    requiredSignUpAttributes: z.array(signInAttribute),
    selfSignUpEnabled: z.boolean(),
    accessTokenTtl: ttl.exactOptional(),
    signingAlgorithm,
    defaultResource: z.string().exactOptional(),
    issuer: z.string(),
    discoveryUrl: z.string(),
    tokenUrl: z.string(),
    jwksUrl: z.string(),
    enabled: z.boolean(),
    totalUsers: z.number().int(),
    totalClients: z.number().int(),
    createdAt: timeOut,
    updatedAt: timeOut,
  })
  .meta({ id: 'Pool' })
export type PoolReply = z.output<typeof poolReply>
