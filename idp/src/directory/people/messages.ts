import { createHash } from 'node:crypto'
import type { Mode, Sealer } from '@postern/server'
import { limits } from '../../limits.ts'
import type { Pool } from '../types.ts'
import type { Ground } from '../unit.ts'
import { mayReach } from './attempts.ts'
import { type Destination, makeCode, putInOutbox } from './codes.ts'
import { nameKey } from './name-key.ts'
import type { CodeKind } from './types.ts'
import type { UserRow } from './user-row.ts'

export interface Messenger {
  readonly sealer: Sealer
  readonly mode: Mode
}

type Reachable = Pick<UserRow, 'email' | 'email_verified' | 'phone_number' | 'phone_number_verified'>

/**
 * Where a code reaches the person: an address shown to be hers before any other, then one that she signs in with, for
 * it becomes a name by the code that is sent there; e-mail before phone.
 */
export function destinationOf(row: Reachable, names: Pool['signInAttributes']): Destination | undefined {
  const email = row.email === null ? undefined : ({ channel: 'email', to: row.email } as const)
  const phone = row.phone_number === null ? undefined : ({ channel: 'phone', to: row.phone_number } as const)
  if (email !== undefined && row.email_verified !== 0) return email
  if (phone !== undefined && row.phone_number_verified !== 0) return phone
  return phone !== undefined && names.includes('phone_number') && !names.includes('email') ? phone : (email ?? phone)
}

/** Of a sign-up: where the code went first, as it is one of the names that are kept for it. */
export function attributeOf({ channel }: Destination): 'email' | 'phone_number' {
  return channel === 'email' ? 'email' : 'phone_number'
}

/**
 * Sends a code, or does what looks like it: where there is nobody, a code is made that nobody gets, so that the time
 * tells nothing.
 */
export async function sendCode(
  ground: Ground,
  { sealer, mode }: Messenger,
  kind: CodeKind,
  { pool, name, row }: { readonly pool: Pool; readonly name: string; readonly row: UserRow | undefined },
): Promise<void> {
  const poolId = pool.id
  const to = row && destinationOf(row, pool.signInAttributes)
  const isReached = await mayReach(ground, poolId, to?.to ?? name)
  if (row === undefined || to === undefined || !isReached) {
    await makeCode(ground, sealer, { poolId, subject: standIn(name), kind }, { channel: 'email', to: '' })
    return
  }
  const key = { poolId, subject: row.id, kind }
  const code = await makeCode(ground, sealer, key, to)
  if (mode === 'development') await putInOutbox(ground, sealer, key, to, code)
}

/** No id: an id has no ":". There are a few of them, shared. */
export function standIn(name: string): string {
  return `nobody:${createHash('sha256').update(nameKey(name)).digest().readUInt16BE() % limits.decoys}`
}
