import { z } from 'zod'
import { limits } from '../limits.ts'
import { passwordPolicy, passwordPolicyPatch, passwordPolicyReply } from './password-policy.ts'
import {
  clearable,
  description,
  fetchUrl,
  id,
  immutable,
  name,
  refreshTtl,
  resourceId,
  text,
  timeOut,
  ttl,
  uniqueList,
  userRef,
} from './scalars.ts'
import { strict } from './validate.ts'

export const signingAlgorithms = ['ES256', 'RS256', 'EdDSA'] as const
export const signingAlgorithm = z.enum(signingAlgorithms)
export type SigningAlgorithm = z.output<typeof signingAlgorithm>

export const signInAttribute = z.enum(['preferred_username', 'phone_number', 'email'])
const attributes = uniqueList(signInAttribute, limits.attributes)

/**
 * What access tokens are for where a request names no resource: the default resource or, as the originals have it, the
 * client itself, which says nothing of where a token is good.
 */
export const audience = z.enum(['resource', 'client_id'])

/** What the pages show. */
export const brand = strict({ name: name.exactOptional(), logoUri: fetchUrl.exactOptional() }).meta({ id: 'Brand' })
export type Brand = z.output<typeof brand>
const brandPatch = strict({ name: clearable(name), logoUri: clearable(fetchUrl) }).meta({ id: 'BrandPatch' })

const refreshGrace = z.number().int().min(0).max(limits.refreshGraceMax)

/** Switches that are on or off, and have a default where they are cleared. */
const switches = {
  selfAccountRecoveryEnabled: z.boolean(),
  signUpAutoVerificationEnabled: z.boolean(),
  clientIdMetadataDocumentsEnabled: z.boolean(),
  deviceFlowEnabled: z.boolean(),
}

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
  passwordPolicy: passwordPolicy.exactOptional(),
  brand: brand.exactOptional(),
  selfAccountRecoveryEnabled: switches.selfAccountRecoveryEnabled.exactOptional(),
  signUpAutoVerificationEnabled: switches.signUpAutoVerificationEnabled.exactOptional(),
  refreshTokenTtl: refreshTtl.exactOptional(),
  refreshTokenGrace: refreshGrace.exactOptional(),
  dynamicRegistrationEnabled: z.boolean().exactOptional(),
  clientIdMetadataDocumentsEnabled: switches.clientIdMetadataDocumentsEnabled.exactOptional(),
  deviceFlowEnabled: switches.deviceFlowEnabled.exactOptional(),
  unattendedUser: userRef.exactOptional(),
  audience: audience.exactOptional(),
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
  passwordPolicy: clearable(passwordPolicyPatch),
  brand: clearable(brandPatch),
  selfAccountRecoveryEnabled: clearable(switches.selfAccountRecoveryEnabled),
  signUpAutoVerificationEnabled: clearable(switches.signUpAutoVerificationEnabled),
  refreshTokenTtl: clearable(refreshTtl),
  refreshTokenGrace: clearable(refreshGrace),
  dynamicRegistrationEnabled: clearable(z.boolean()),
  clientIdMetadataDocumentsEnabled: clearable(switches.clientIdMetadataDocumentsEnabled),
  deviceFlowEnabled: clearable(switches.deviceFlowEnabled),
  unattendedUser: clearable(userRef),
  audience: clearable(audience),
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
    passwordPolicy: passwordPolicyReply,
    brand: z.object({ name: z.string().exactOptional(), logoUri: z.string().exactOptional() }),
    ...switches,
    refreshTokenTtl: refreshTtl,
    refreshTokenGrace: refreshGrace,
    dynamicRegistrationEnabled: z.boolean(),
    unattendedUser: z.string().exactOptional(),
    audience,
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
