import { z } from 'zod'
import { limits } from '../limits.ts'
import { listFields } from './list.ts'
import { password } from './password-policy.ts'
import { clearable, id, immutable, text, timeOut, uniqueList } from './scalars.ts'
import { profileFields, profileNames, signInFields } from './user-claims.ts'
import { strict, withRules } from './validate.ts'

export const userStatuses = ['UNCONFIRMED', 'CONFIRMED', 'FORCE_CHANGE_PASSWORD', 'DISABLED'] as const
export const userStatus = z.enum(userStatuses)
export type UserStatus = z.output<typeof userStatus>

/** Whatever an application wants to keep with a user. */
export const metadata = z
  .record(z.string().min(1).max(limits.name), z.json())
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= limits.metadataBytes,
    `is longer than ${limits.metadataBytes} bytes of JSON; keep less here`,
  )
export type UserMetadata = z.output<typeof metadata>

const groups = uniqueList(id, limits.userGroups)

export const attributeFields = {
  preferredUsername: signInFields.preferredUsername.exactOptional(),
  email: signInFields.email.exactOptional(),
  phoneNumber: signInFields.phoneNumber.exactOptional(),
  name: profileFields.name.exactOptional(),
  givenName: profileFields.givenName.exactOptional(),
  familyName: profileFields.familyName.exactOptional(),
  middleName: profileFields.middleName.exactOptional(),
  nickname: profileFields.nickname.exactOptional(),
  gender: profileFields.gender.exactOptional(),
  birthdate: profileFields.birthdate.exactOptional(),
  locale: profileFields.locale.exactOptional(),
  zoneinfo: profileFields.zoneinfo.exactOptional(),
  picture: profileFields.picture.exactOptional(),
  profile: profileFields.profile.exactOptional(),
  website: profileFields.website.exactOptional(),
}

/** What a person may say when signing up: nothing that only the pool can know. */
export const signUpAttributes = strict(attributeFields)
export type SignUpAttributes = z.output<typeof signUpAttributes>

export const userFields = {
  id: id.exactOptional(),
  ...attributeFields,
  emailVerified: z.boolean().exactOptional(),
  phoneNumberVerified: z.boolean().exactOptional(),
  metadata: metadata.exactOptional(),
  groups: groups.exactOptional(),
  status: userStatus.exactOptional(),
}

export const userCreate = withRules(strict({ ...userFields, password: password.exactOptional() }), verifiedRules).meta({
  id: 'UserCreate',
})
export type UserCreate = z.output<typeof userCreate>

interface Verified {
  email?: string | undefined
  emailVerified?: boolean | undefined
  phoneNumber?: string | undefined
  phoneNumberVerified?: boolean | undefined
}

/** What is not there cannot be verified. */
export function verifiedRules(user: Verified) {
  return (['email', 'phoneNumber'] as const).flatMap((field) => {
    if (user[`${field}Verified`] !== true || user[field] !== undefined) return []
    const message = `there is no ${field} to be verified; give ${field} too, or remove this`
    return [{ field: `${field}Verified`, code: 'invalid' as const, message }]
  })
}

export const userPatch = strict({
  preferredUsername: clearable(signInFields.preferredUsername),
  email: clearable(signInFields.email),
  emailVerified: clearable(z.boolean()),
  phoneNumber: clearable(signInFields.phoneNumber),
  phoneNumberVerified: clearable(z.boolean()),
  name: clearable(profileFields.name),
  givenName: clearable(profileFields.givenName),
  familyName: clearable(profileFields.familyName),
  middleName: clearable(profileFields.middleName),
  nickname: clearable(profileFields.nickname),
  gender: clearable(profileFields.gender),
  birthdate: clearable(profileFields.birthdate),
  locale: clearable(profileFields.locale),
  zoneinfo: clearable(profileFields.zoneinfo),
  picture: clearable(profileFields.picture),
  profile: clearable(profileFields.profile),
  website: clearable(profileFields.website),
  metadata: clearable(metadata),
  groups: clearable(groups),
  password: password.exactOptional(),
  status: userStatus.exactOptional(),
  id: immutable('it is the subject of tokens; make another user'),
}).meta({ id: 'UserPatch' })
export type UserPatch = z.output<typeof userPatch>

/** Query of the list of users. `name` is any name to sign in with, as a whole. */
export const userQuery = strict({
  name: text(limits.email).exactOptional(),
  status: userStatus.exactOptional(),
  group: id.exactOptional(),
  ...listFields,
})
export type UserQuery = z.output<typeof userQuery>

const profileReply = Object.fromEntries(profileNames.map((claim) => [claim, z.string().exactOptional()])) as Record<
  (typeof profileNames)[number],
  z.ZodExactOptional<z.ZodString>
>

export const userReply = z
  .object({
    id,
    status: userStatus,
    preferredUsername: z.string().exactOptional(),
    email: z.string().exactOptional(),
    emailVerified: z.boolean().exactOptional(),
    phoneNumber: z.string().exactOptional(),
    phoneNumberVerified: z.boolean().exactOptional(),
    ...profileReply,
    metadata: z.record(z.string(), z.unknown()).exactOptional(),
    groups: z.array(id),
    createdAt: timeOut,
    updatedAt: timeOut,
    lastSignInAt: timeOut.exactOptional(),
  })
  .meta({ id: 'User' })
export type UserReply = z.output<typeof userReply>
