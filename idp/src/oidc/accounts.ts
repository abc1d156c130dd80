import type { Account, AccountClaims } from 'oidc-provider'
import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Directory, HotClient, User } from '../directory/types.ts'
import { limits } from '../limits.ts'
import { otherThanBound } from './diagnosis.ts'
import { exchangeOf } from './exchange.ts'
import type { LibraryClient } from './library-clients.ts'
import { refusals } from './refusal.ts'

/** What the library hands over with the account's id: the code or token that it is of. */
interface Source {
  readonly kind?: string
  readonly iat?: number | undefined
  readonly resource?: string | readonly string[] | undefined
}

/** A person as oidc-provider knows one, with the claims that any scope may release. */
export interface Person extends Account {
  readonly user: User
}

export type FindAccount = (ctx: KoaContextWithOIDC, id: string, source?: Source) => Promise<Person | undefined>

const second = 1000

/**
 * Finds people for oidc-provider. Who is disabled or deleted is nobody, and so is who was made anew under an old id as
 * far as older codes and tokens go; the same for clients.
 *
 * It is also where a request for another resource than that of its code or refresh token is refused: nothing else of
 * ours runs before the library uses the refresh token up.
 */
export function accountFinder(directory: Directory, clientOf: (client: LibraryClient) => HotClient): FindAccount {
  return async (ctx, id, source) => {
    const { pool } = exchangeOf(ctx.req).opened
    const user = await directory.accounts.find(pool.id, id)
    if (user === undefined || user.status === 'DISABLED') return undefined
    if (source === undefined) return personOf(user)
    const { client } = ctx.oidc
    const born = Math.max(user.createdAt, client === undefined ? 0 : clientOf(client).createdAt)
    if (source.iat !== undefined && source.iat < Math.floor(born / second)) return undefined
    refuseOtherResource(ctx, source)
    return personOf(user)
  }
}

function refuseOtherResource(ctx: KoaContextWithOIDC, { kind, resource: bound }: Source): void {
  const sent = ctx.oidc.params?.['resource']
  if (sent === undefined || kind === 'AccessToken') return
  if (typeof sent !== 'string') throw new errors.InvalidTarget(refusals.severalResources().description)
  const resources = typeof bound === 'string' ? [bound] : (bound ?? [])
  if (!resources.includes(sent)) throw new errors.InvalidTarget(otherThanBound(sent, resources[0]))
}

/** A user as oidc-provider takes one. The library itself drops the claims that no granted scope releases. */
export function personOf(user: User): Person {
  return { user, accountId: user.id, claims: () => claimsOf(user) }
}

/** Claims of OpenID Connect Core §5.1; what is not known is absent, for null is no value there. */
function claimsOf(user: User): AccountClaims {
  const { profile } = user
  const claims: Record<string, unknown> = {
    ...groupsClaim(user),
    name: profile.name,
    family_name: profile.familyName,
    given_name: profile.givenName,
    middle_name: profile.middleName,
    nickname: profile.nickname,
    preferred_username: user.preferredUsername,
    profile: profile.profile,
    picture: profile.picture,
    website: profile.website,
    gender: profile.gender,
    birthdate: profile.birthdate,
    zoneinfo: profile.zoneinfo,
    locale: profile.locale,
    updated_at: Math.floor(user.updatedAt / second),
    email: user.email,
    email_verified: user.email === null ? null : user.emailVerified,
    phone_number: user.phoneNumber,
    phone_number_verified: user.phoneNumber === null ? null : user.phoneNumberVerified,
  }
  const known = Object.entries(claims).filter(([, value]) => value !== null && value !== undefined)
  return { ...Object.fromEntries(known), sub: user.id }
}

/** The groups of a user by name, where there are any. */
export function groupsClaim({ groups }: User): { readonly groups?: readonly string[] } {
  return groups.length === 0 ? {} : { groups: groups.slice(0, limits.groupsClaim).map(({ name }) => name) }
}
