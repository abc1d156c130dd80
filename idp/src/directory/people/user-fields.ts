import { type FieldError, profileNames } from '@postern/server'
import { merged } from '../merge.ts'
import type { Pool } from '../types.ts'
import { passwordFaults } from './password-policy.ts'
import { phcProblem } from './phc.ts'
import type { Profile, User, UserInput, UserPatch } from './types.ts'
import { attributeFaults } from './user-names.ts'
import type { UserFields } from './user-row.ts'

export const emptyUser: UserFields = {
  status: 'CONFIRMED',
  preferredUsername: null,
  email: null,
  emailVerified: false,
  phoneNumber: null,
  phoneNumberVerified: false,
  profile: {},
  metadata: null,
}

function mergeProfile(present: Profile, patch: UserPatch): Profile {
  const claims = profileNames.flatMap((claim) => {
    const value = merged(patch[claim], present[claim] ?? null, null)
    return value === null ? [] : [[claim, value]]
  })
  return Object.fromEntries(claims)
}

/** What was verified is the address: another one is not. */
function mergeVerified(given: boolean | null | undefined, present: boolean, isSame: boolean): boolean {
  return merged(given, isSame && present, false)
}

export function mergeUser(present: UserFields, patch: UserPatch): UserFields {
  const email = merged(patch.email, present.email, null)
  const phoneNumber = merged(patch.phoneNumber, present.phoneNumber, null)
  return {
    status: patch.status ?? present.status,
    preferredUsername: merged(patch.preferredUsername, present.preferredUsername, null),
    email,
    emailVerified: mergeVerified(patch.emailVerified, present.emailVerified, email === present.email),
    phoneNumber,
    phoneNumberVerified: mergeVerified(
      patch.phoneNumberVerified,
      present.phoneNumberVerified,
      phoneNumber === present.phoneNumber,
    ),
    profile: mergeProfile(present.profile, patch),
    metadata: merged(patch.metadata, present.metadata, null),
  }
}

function verifiedFaults(user: UserFields): FieldError[] {
  return (['email', 'phoneNumber'] as const).flatMap((field): FieldError[] => {
    if (!user[`${field}Verified`] || user[field] !== null) return []
    const message = `there is no ${field} to be verified; give ${field} too, or remove this`
    return [{ field: `${field}Verified`, code: 'invalid', message }]
  })
}

/** What the user may not choose as a password. */
export function ownNames(user: Pick<User, 'preferredUsername' | 'email' | 'phoneNumber'>): (string | null)[] {
  return [user.preferredUsername, user.email, user.phoneNumber]
}

/** Everything that is wrong with what the user would be. */
export function userFaults(pool: Pool, user: UserFields, { password, passwordHash }: UserInput): FieldError[] {
  const problem = passwordHash === undefined ? undefined : phcProblem(passwordHash)
  return [
    ...attributeFaults(pool, user),
    ...verifiedFaults(user),
    ...(password === undefined ? [] : passwordFaults(pool.passwordPolicy, password, ownNames(user))),
    ...(problem === undefined ? [] : [{ field: 'passwordHash', code: 'invalid' as const, message: problem }]),
  ]
}
