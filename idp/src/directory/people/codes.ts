import { randomInt } from 'node:crypto'
import { constantTimeEqual, createId } from '@postern/core'
import { hashSecret, type Sealer } from '@postern/server'
import { limits } from '../../limits.ts'
import type { Ground } from '../unit.ts'
import type { Channel, CodeKind } from './types.ts'

/** Whose code it is, and what for. */
export interface CodeKey {
  readonly poolId: string
  /** A user's id, or a stand-in. */
  readonly subject: string
  readonly kind: CodeKind
}

export interface Destination {
  readonly channel: Channel
  readonly to: string
}

function contextOf({ poolId, subject, kind }: CodeKey): string {
  return `user-code/${poolId}/${subject}/${kind}`
}

function hashOf(key: CodeKey, code: string): string {
  return hashSecret(`${contextOf(key)}/${code}`)
}

/** Makes a code; the one before is void. @returns the code in clear, for the message alone */
export async function makeCode(
  { db, now }: Ground,
  sealer: Sealer,
  key: CodeKey,
  { channel, to }: Destination,
): Promise<string> {
  const code = String(randomInt(10 ** limits.codeDigits)).padStart(limits.codeDigits, '0')
  const values = {
    sealed_hash: sealer.seal(hashOf(key, code), contextOf(key)),
    channel,
    sent_to: to,
    tries: 0,
    created_at: now,
    expires_at: now + limits.codeLifetimeMs,
  }
  await db
    .insertInto('user_code')
    .values({ pool_id: key.poolId, subject: key.subject, kind: key.kind, ...values })
    .onConflict((conflict) => conflict.columns(['pool_id', 'subject', 'kind']).doUpdateSet(values))
    .execute()
  return code
}

/**
 * Whether it is the code. Every try counts, also the right one, before anything is compared.
 *
 * @returns where it was sent, or undefined: wrong, used, expired or tried too often
 */
export async function tryCode(
  { db, now }: Ground,
  sealer: Sealer,
  key: CodeKey,
  presented: string,
): Promise<Destination | undefined> {
  const row = await db
    .updateTable('user_code')
    .set((eb) => ({ tries: eb('tries', '+', 1) }))
    .where('pool_id', '=', key.poolId)
    .where('subject', '=', key.subject)
    .where('kind', '=', key.kind)
    .where('tries', '<', limits.codeTries)
    .where('expires_at', '>', now)
    .returning(['sealed_hash', 'channel', 'sent_to'])
    .executeTakeFirst()
  if (row === undefined) return undefined
  const isRight = constantTimeEqual(hashOf(key, typedCode(presented)), sealer.open(row.sealed_hash, contextOf(key)))
  return isRight ? { channel: row.channel as Channel, to: row.sent_to } : undefined
}

/** People copy codes with the spaces and hyphens that mail programs show. */
function typedCode(presented: string): string {
  return presented.slice(0, 4 * limits.codeDigits).replace(/[\s-]/g, '')
}

/** A code is good once. */
export async function dropCode({ db }: Ground, { poolId, subject, kind }: CodeKey): Promise<void> {
  await db
    .deleteFrom('user_code')
    .where('pool_id', '=', poolId)
    .where('subject', '=', subject)
    .where('kind', '=', kind)
    .execute()
}

/** Puts the message where a developer finds it. */
export async function putInOutbox(
  { db, now }: Ground,
  sealer: Sealer,
  { poolId, subject, kind }: CodeKey,
  { channel, to }: Destination,
  code: string,
): Promise<void> {
  const id = createId()
  const sealed_code = sealer.seal(code, `outbox/${id}`)
  const times = { created_at: now, expires_at: now + limits.codeLifetimeMs }
  await db
    .insertInto('outbox')
    .values({ id, pool_id: poolId, user_id: subject, channel, sent_to: to, kind, sealed_code, ...times })
    .execute()
}
