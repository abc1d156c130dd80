import { z } from 'zod'
import { limits } from '../limits.ts'
import { clearable } from './scalars.ts'
import { strict } from './validate.ts'

const minLength = z.number().int().min(limits.passwordLengthMin).max(limits.passwordLengthMax)

/** What passwords must be like; a field that is absent has its default. */
export const passwordPolicy = strict({
  minLength: minLength.exactOptional(),
  requireUppercase: z.boolean().exactOptional(),
  requireLowercase: z.boolean().exactOptional(),
  requireNumbers: z.boolean().exactOptional(),
  requireSymbols: z.boolean().exactOptional(),
}).meta({ id: 'PasswordPolicy' })

export const passwordPolicyPatch = strict({
  minLength: clearable(minLength),
  requireUppercase: clearable(z.boolean()),
  requireLowercase: clearable(z.boolean()),
  requireNumbers: clearable(z.boolean()),
  requireSymbols: clearable(z.boolean()),
}).meta({ id: 'PasswordPolicyPatch' })

export const passwordPolicyReply = z.object({
  minLength,
  requireUppercase: z.boolean(),
  requireLowercase: z.boolean(),
  requireNumbers: z.boolean(),
  requireSymbols: z.boolean(),
})
export type PasswordPolicy = z.output<typeof passwordPolicyReply>

/** The policy of a pool that says nothing. */
export const defaultPasswordPolicy: PasswordPolicy = {
  minLength: 8,
  requireUppercase: true,
  requireLowercase: true,
  requireNumbers: true,
  requireSymbols: false,
}

/** A password as it is sent. Whether it is good enough is asked of the pool's policy. */
export const password = z.string().min(1).max(limits.password)
