import type { FieldError, SignUpAttributes } from '@postern/server'
import { profileNames, signUpAttributes, validate } from '@postern/server'
import { limits } from '../../limits.ts'
import { offersOf } from '../development-only.ts'
import { DirectoryError } from '../directory-error.ts'
import type { Pool } from '../types.ts'
import type { Ground, Unit } from '../unit.ts'
import { type AccountsContext, noteRefusal, waitOutcome } from './accounts-context.ts'
import type { Accounts, SignUpOutcome } from './accounts-types.ts'
import { noteSending, type Sending, waitToSend } from './attempts.ts'
import { sendCode } from './messages.ts'
import { passwordFaults } from './password-policy.ts'
import { attributeFaults, findHolders, namesOf, type SignInName } from './user-names.ts'
import { findPoolRow, findUserRow, type UserFields, type UserRow } from './user-row.ts'
import { insertUser, removeUser, setUser, signUpOf, userEvent } from './user-writes.ts'

type Request = Parameters<Accounts['signUp']>[1]

interface Wanted {
  readonly pool: Pool
  readonly fields: UserFields
  readonly names: readonly SignInName[]
  readonly sending: Sending
  readonly request: Request
}

function fieldsOf(pool: Pool, given: SignUpAttributes): UserFields {
  const claims = profileNames.flatMap((claim) => (given[claim] === undefined ? [] : [[claim, given[claim]]]))
  return {
    status: pool.signUpAutoVerificationEnabled ? 'CONFIRMED' : 'UNCONFIRMED',
    preferredUsername: given.preferredUsername ?? null,
    email: given.email ?? null,
    emailVerified: false,
    phoneNumber: given.phoneNumber ?? null,
    phoneNumberVerified: false,
    profile: Object.fromEntries(claims),
    metadata: null,
  }
}

function reachFaults(pool: Pool, fields: UserFields): FieldError[] {
  if (pool.signUpAutoVerificationEnabled || fields.email !== null || fields.phoneNumber !== null) return []
  return [{ field: 'email', code: 'required', message: 'is required: a code to confirm with is sent there' }]
}

/** The mistakes that are seen without looking at anybody else. */
function read(pool: Pool, { attributes, password }: Request) {
  const checked = validate(signUpAttributes, attributes)
  const names = checked.ok ? Object.values(checked.value) : []
  const ofPassword = passwordFaults(pool.passwordPolicy, password, names)
  if (!checked.ok) return { ok: false, errors: [...checked.errors, ...ofPassword] } as const
  const fields = fieldsOf(pool, checked.value)
  const ofFields = attributeFaults(pool, fields)
  const errors = [...(ofFields.length > 0 ? ofFields : reachFaults(pool, fields)), ...ofPassword]
  return errors.length > 0 ? ({ ok: false, errors } as const) : ({ ok: true, fields } as const)
}

/**
 * A new user, by herself. One hash is computed and one code made whether the names are free or not, and the answer is
 * the same; a person who has the name already finds no message, or one that only completes what she began.
 */
export async function signUp(context: AccountsContext, poolId: string, request: Request): Promise<SignUpOutcome> {
  const pool = await context.read((ground) => findPoolRow(ground, poolId))
  if (pool === undefined || !pool.enabled || !offersOf(pool, context.mode).signUp) return { outcome: 'off' }
  const input = read(pool, request)
  if (!input.ok) return { outcome: 'invalid', errors: input.errors }
  const { fields } = input
  const names = namesOf(pool, fields, { signedUp: false })
  const sending = { poolId, names: names.map(({ key }) => key), address: request.address }
  const wanted: Wanted = { pool, fields, names, sending, request }
  const refuse = (ms: number): SignUpOutcome => {
    noteRefusal(context, { poolId, reason: 'throttled', requestId: request.requestId })
    return waitOutcome(ms)
  }
  const before = await context.read((ground) => waitToSend(ground, sending))
  if (before > 0) return refuse(before)
  if (context.line.isFull) return refuse(limits.passwordsBusy * 1000)
  return await context.line.run(async () => {
    const wait = await context.read((ground) => waitToSend(ground, sending))
    return wait > 0 ? refuse(wait) : await enter(context, wanted)
  })
}

type Found =
  /** An earlier sign-up that was not confirmed and keeps the names no longer goes first. */
  | { readonly kind: 'free'; readonly gone: UserRow | undefined }
  | { readonly kind: 'pending'; readonly row: UserRow }
  | { readonly kind: 'taken' }

/** Who has the names. */
async function look(ground: Ground, poolId: string, names: readonly SignInName[]): Promise<Found> {
  const holders = new Set((await findHolders(ground, poolId, names)).map(({ user_id }) => user_id))
  const [only, ...others] = holders
  if (only === undefined) return { kind: 'free', gone: undefined }
  const row = others.length > 0 ? undefined : await findUserRow(ground, poolId, only)
  if (row?.status !== 'UNCONFIRMED' || row.signed_up === 0) return { kind: 'taken' }
  const isOver = row.pending_until !== null && row.pending_until <= ground.now
  return isOver ? { kind: 'free', gone: row } : { kind: 'pending', row }
}

async function enter(context: AccountsContext, wanted: Wanted): Promise<SignUpOutcome> {
  const { passwords, write, read: reading } = context
  const { pool, names, request } = wanted
  const origin = { requestId: request.requestId }
  const found = await reading((ground) => look(ground, pool.id, names))
  if (found.kind === 'pending') {
    const { row } = found
    const isSame = await passwords.verify(request.password, row.password_hash ?? passwords.nobody())
    return await write(origin)((unit) => again(context, unit, wanted, row, isSame))
  }
  const passwordHash = await passwords.hash(request.password)
  if (found.kind === 'free') {
    try {
      return await write(origin)((unit) => add(context, unit, wanted, passwordHash, found.gone))
    } catch (error) {
      // Somebody was faster.
      if (!(error instanceof DirectoryError) || error.kind !== 'conflict') throw error
    }
  }
  return await write(origin)((unit) => taken(context, unit, wanted))
}

/** The first: her names are free. */
async function add(
  context: AccountsContext,
  unit: Unit,
  { pool, fields, sending }: Wanted,
  passwordHash: string,
  gone: UserRow | undefined,
): Promise<SignUpOutcome> {
  await noteSending(unit, sending)
  if (gone !== undefined) await removeUser(unit, gone)
  const isConfirmed = fields.status === 'CONFIRMED'
  const signedUp = isConfirmed ? undefined : signUpOf(unit, pool, fields)
  const user = await insertUser(unit, pool, { fields, passwordHash, signedUp })
  if (isConfirmed) return { outcome: 'ok', user }
  const row = await findUserRow(unit, pool.id, user.id)
  await sendCode(unit, context, 'confirmation', { pool, name: sending.names[0] ?? '', row })
  return { outcome: 'code_sent' }
}

/**
 * Once more, before it was confirmed. Two passwords for one name: whoever gets the code decides, and neither password
 * is good any more, for the first may be that of somebody who waits for the owner of the address to confirm it.
 */
async function again(
  context: AccountsContext,
  unit: Unit,
  { pool, sending }: Wanted,
  pending: UserRow,
  isSame: boolean,
): Promise<SignUpOutcome> {
  await noteSending(unit, sending)
  const row = await findUserRow(unit, pool.id, pending.id)
  const present = row?.status === 'UNCONFIRMED' ? row : undefined
  await sendCode(unit, context, 'confirmation', { pool, name: sending.names[0] ?? '', row: present })
  if (present !== undefined && present.password_hash !== null && !isSame) {
    await setUser(unit, present, { password_hash: null })
    userEvent(unit, pool.id, present.id, 'updated')
  }
  return { outcome: 'code_sent' }
}

/** Somebody else has the name; nobody is told. */
async function taken(context: AccountsContext, unit: Unit, { pool, sending, request }: Wanted): Promise<SignUpOutcome> {
  await noteSending(unit, sending)
  noteRefusal(context, { poolId: pool.id, reason: 'user_exists', requestId: request.requestId })
  await sendCode(unit, context, 'confirmation', { pool, name: sending.names[0] ?? '', row: undefined })
  return { outcome: 'code_sent' }
}
