import type { FieldError } from '@postern/server'
import { duplicate } from '../refusals.ts'
import type { Pool, SignInAttribute } from '../types.ts'
import type { Ground, Unit } from '../unit.ts'
import { nameKey } from './name-key.ts'
import type { User } from './types.ts'

export const fieldOf = {
  preferred_username: 'preferredUsername',
  email: 'email',
  phone_number: 'phoneNumber',
} as const satisfies Record<SignInAttribute, keyof User>

/** A name to sign in with, and what it is. */
export interface SignInName {
  readonly key: string
  readonly attribute: SignInAttribute
}

export type Named = Pick<User, 'preferredUsername' | 'email' | 'emailVerified' | 'phoneNumber' | 'phoneNumberVerified'>

/**
 * What a user signs in with. Where people signed up by themselves, an address that they have not shown to be theirs
 * is no name: nobody could otherwise use it who it belongs to.
 *
 * @param pending where the code went that is still to be confirmed
 */
export function namesOf(
  pool: Pick<Pool, 'signInAttributes'>,
  user: Named,
  { signedUp, pending }: { readonly signedUp: boolean; readonly pending?: 'email' | 'phone_number' | undefined },
): SignInName[] {
  const counts = (attribute: SignInAttribute): boolean => {
    if (!signedUp || attribute === 'preferred_username' || attribute === pending) return true
    return attribute === 'email' ? user.emailVerified : user.phoneNumberVerified
  }
  const names = pool.signInAttributes.flatMap((attribute): SignInName[] => {
    const name = user[fieldOf[attribute]]
    return name === null || !counts(attribute) ? [] : [{ key: nameKey(name), attribute }]
  })
  return [...new Map(names.map((name) => [name.key, name])).values()]
}

/** What a user of the pool must have, on what the user would be. */
export function attributeFaults(pool: Pool, user: Named): FieldError[] {
  const missing = pool.requiredSignUpAttributes.filter((attribute) => user[fieldOf[attribute]] === null)
  const faults = missing.map((attribute): FieldError => {
    return { field: fieldOf[attribute], code: 'required', message: 'is required in this pool' }
  })
  if (faults.length > 0 || pool.signInAttributes.length === 0) return faults
  if (pool.signInAttributes.some((attribute) => user[fieldOf[attribute]] !== null)) return faults
  const fields = pool.signInAttributes.map((attribute) => fieldOf[attribute])
  const [field = 'preferredUsername'] = fields
  return [{ field, code: 'required', message: `a user needs a name to sign in with; give ${fields.join(' or ')}` }]
}

/** Who has which of these names. */
export async function findHolders({ db }: Ground, poolId: string, names: readonly SignInName[]) {
  if (names.length === 0) return []
  return await db
    .selectFrom('user_name')
    .select(['name_key', 'user_id'])
    .where('pool_id', '=', poolId)
    .where(
      'name_key',
      'in',
      names.map(({ key }) => key),
    )
    .execute()
}

/** 409 where somebody else has one of the names. */
export async function refuseTaken(
  unit: Ground,
  poolId: string,
  userId: string,
  names: readonly SignInName[],
): Promise<void> {
  const holders = await findHolders(unit, poolId, names)
  const taken = new Set(holders.filter(({ user_id }) => user_id !== userId).map(({ name_key }) => name_key))
  const first = names.find(({ key }) => taken.has(key))
  if (first === undefined) return
  throw duplicate(fieldOf[first.attribute], 'Another user of the pool signs in with this; choose another.')
}

/** Makes these the names of the user. */
export async function putNames(
  { db }: Unit,
  poolId: string,
  userId: string,
  names: readonly SignInName[],
): Promise<void> {
  await db.deleteFrom('user_name').where('pool_id', '=', poolId).where('user_id', '=', userId).execute()
  if (names.length === 0) return
  const rows = names.map(({ key, attribute }) => ({ pool_id: poolId, name_key: key, user_id: userId, attribute }))
  await db.insertInto('user_name').values(rows).execute()
}
