import { z } from 'zod'
import { limits } from '../limits.ts'
import { fetchUrl, text } from './scalars.ts'

const aUsername = 'can only contain letters, numbers, periods, underscores and hyphens'

/** A name to sign in with. Neither an "@" nor a leading "+" is possible, so none looks like an address of somebody else. */
export const username = text(limits.username).refine(isUsername, aUsername)

/** Also as it is compared: compatibility forms such as U+2100 would smuggle other characters in. */
function isUsername(value: string): boolean {
  return isPlainName(value) && isPlainName(value.normalize('NFKC'))
}

function isPlainName(value: string): boolean {
  return /^[\p{L}\p{M}\p{N}._-]+$/u.test(value) && !/\p{Default_Ignorable_Code_Point}/u.test(value)
}

const emailPattern = /^[^\s@"(),:;<>[\\\]]+@[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}.-]*[\p{L}\p{M}\p{N}])?$/u

export const email = text(limits.email)
  .refine((value) => emailPattern.test(value), {
    error: 'must be an e-mail address such as alice@mail.example',
    abort: true,
  })
  .refine(isPlainAddress, 'must not hold invisible or unusual characters')

function isPlainAddress(value: string): boolean {
  const normal = value.normalize('NFKC')
  return !/[\p{Default_Ignorable_Code_Point}\p{C}]/u.test(normal) && emailPattern.test(normal)
}

/** E.164. */
export const phoneNumber = z
  .string()
  .regex(/^\+[1-9][0-9]{6,14}$/, 'must be "+", country code and number, digits only, such as +8613800000000')

const profileText = text(limits.profileText)

/** OpenID Connect Core §5.1: a day, a day without its year (0000), or a year. */
const birthdate = z
  .string()
  .refine(isBirthdate, 'must be a day such as 1990-12-31, a day without its year such as 0000-12-31, or a year')

function isBirthdate(value: string): boolean {
  if (/^[0-9]{4}$/.test(value)) return true
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return false
  // A leap year stands in where none is told.
  const day = value.startsWith('0000') ? `2000${value.slice(4)}` : value
  const time = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day)
}

const locale = z
  .string()
  .max(limits.profileText)
  .refine(isLocale, 'must be a language tag (BCP 47) such as en, en-GB or zh-Hans-CN')

function isLocale(value: string): boolean {
  return isAccepted(() => Intl.getCanonicalLocales(value).length === 1)
}

const zoneinfo = z
  .string()
  .max(limits.profileText)
  .refine(isZone, 'must be a time zone such as Europe/Paris or Asia/Shanghai')

function isZone(value: string): boolean {
  return /^[A-Za-z]/.test(value) && isAccepted(() => Intl.DateTimeFormat('en', { timeZone: value }) !== undefined)
}

/** `Intl` throws on what it does not know. */
function isAccepted(test: () => boolean): boolean {
  try {
    return test()
  } catch {
    return false
  }
}

/** The attributes that may be names to sign in with. */
export const signInFields = {
  preferredUsername: username,
  email,
  phoneNumber,
}

/** The other standard claims (OpenID Connect Core §5.1) that a user may have. */
export const profileFields = {
  name: profileText,
  givenName: profileText,
  familyName: profileText,
  middleName: profileText,
  nickname: profileText,
  gender: profileText,
  birthdate,
  locale,
  zoneinfo,
  picture: fetchUrl,
  profile: fetchUrl,
  website: fetchUrl,
}
export const profileNames = [
  'name',
  'givenName',
  'familyName',
  'middleName',
  'nickname',
  'gender',
  'birthdate',
  'locale',
  'zoneinfo',
  'picture',
  'profile',
  'website',
] as const satisfies readonly (keyof typeof profileFields)[]
export type ProfileName = (typeof profileNames)[number]
