import { sha256Base64url } from '@postern/core'
import { limits } from '../../limits.ts'
import { verifiableUntil } from '../lifetimes.ts'
import type { SigningKey } from '../types.ts'
import type { Ground, Unit } from '../unit.ts'
import { makeRoom } from './room.ts'
import { nextSeq, putRevocation, type RevocationKind, wholePool } from './rows.ts'

/** What can end and come back under the same name: a client, a person, the pool as a whole. */
export type EndedKind = Extract<RevocationKind, 'client' | 'subject' | 'pool'>

const second = 1000

/** Until when (epoch ms) anybody may still hold a token that was good until now. */
async function lastTokenEnds(ground: Ground, poolId: string): Promise<number> {
  return (await verifiableUntil(ground, poolId)) + limits.revocationGrace * second
}

async function hashOf(kind: EndedKind, value: string): Promise<string> {
  return kind === 'pool' ? wholePool : await sha256Base64url(value)
}

/**
 * Notes that a client, a person or the pool is gone or switched off: none of its tokens is good, and none that another
 * process might issue before it has heard of it.
 */
export async function noteEnded(ground: Ground, poolId: string, kind: EndedKind, value = wholePool): Promise<void> {
  const valueHash = await hashOf(kind, value)
  const expiresAt = await lastTokenEnds(ground, poolId)
  await putRevocation(ground, poolId, { kind, valueHash, issuedBefore: null, expiresAt })
}

/**
 * Notes that it is back: tokens are good again that are issued from now on. Times in tokens are whole seconds, so within
 * the second of its end nothing is good yet.
 */
export async function noteBack(ground: Ground, poolId: string, kind: EndedKind, value = wholePool): Promise<void> {
  const { db, now } = ground
  const valueHash = await hashOf(kind, value)
  const ended = await db
    .selectFrom('revocation')
    .select('ended_at')
    .where('pool_id', '=', poolId)
    .where('kind', '=', kind)
    .where('value_hash', '=', valueHash)
    .where('issued_before', 'is', null)
    .executeTakeFirst()
  if (ended === undefined) return
  const issuedBefore = firstGoodSecond(now, ended.ended_at)
  const expiresAt = await lastTokenEnds(ground, poolId)
  await putRevocation(ground, poolId, { kind, valueHash, issuedBefore, expiresAt })
}

/** @returns epoch seconds */
export function firstGoodSecond(backAt: number, endedAt: number): number {
  return Math.max(Math.floor(backAt / second), Math.floor(endedAt / second) + 1)
}

export interface EndedToken {
  readonly jti: string
  readonly clientId: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** Notes that one access token was revoked (RFC 7009). */
export async function noteTokenEnded(ground: Ground, poolId: string, token: EndedToken): Promise<void> {
  const clientHash = await sha256Base64url(token.clientId)
  await putRevocation(ground, poolId, {
    kind: 'token',
    valueHash: await sha256Base64url(token.jti),
    clientHash,
    issuedBefore: null,
    expiresAt: token.expiresAt + limits.revocationGrace * second,
  })
  await makeRoom(ground, poolId, clientHash)
}

/**
 * Notes that what a person granted has ended, and with it every token of it.
 *
 * @param grantId as tokens name it: the hash of its id, which is what is stored as well
 */
export async function noteGrantEnded(
  ground: Ground,
  poolId: string,
  grantId: string,
  clientId?: string,
): Promise<void> {
  const clientHash = clientId === undefined ? null : await sha256Base64url(clientId)
  const expiresAt = await lastTokenEnds(ground, poolId)
  const valueHash = await sha256Base64url(grantId)
  await putRevocation(ground, poolId, { kind: 'grant', valueHash, clientHash, issuedBefore: null, expiresAt })
  if (clientHash !== null) await makeRoom(ground, poolId, clientHash)
}

/**
 * Notes that what a person is signed in to has ended: with the person, when that one is gone or switched off, else grant by
 * grant, so that whatever comes of the next sign-in is good at once. To be called when the person's row is as it will be.
 */
export async function noteSignInsEnded(ground: Ground, poolId: string, userId: string): Promise<void> {
  const { db } = ground
  const user = await db
    .selectFrom('user_account')
    .select('status')
    .where('pool_id', '=', poolId)
    .where('id', '=', userId)
    .executeTakeFirst()
  if (user === undefined || user.status === 'DISABLED') return await noteEnded(ground, poolId, 'subject', userId)
  const grants = await db
    .selectFrom('oidc_model')
    .select('id')
    .where('pool_id', '=', poolId)
    .where('model', '=', 'Grant')
    .where('account', '=', await sha256Base64url(userId))
    .limit(limits.revocationsPerClient + 1)
    .execute()
  if (grants.length > limits.revocationsPerClient) return await noteEndedSoFar(ground, poolId, userId)
  for (const { id } of grants) await noteGrantEnded(ground, poolId, id)
}

async function noteEndedSoFar(ground: Ground, poolId: string, userId: string): Promise<void> {
  await putRevocation(ground, poolId, {
    kind: 'subject',
    valueHash: await hashOf('subject', userId),
    issuedBefore: Math.floor(ground.now / second) + 1,
    expiresAt: await lastTokenEnds(ground, poolId),
  })
}

export interface Burial {
  readonly poolId: string
  /** Of the last change. */
  readonly seq: number
  /** Epoch milliseconds. */
  readonly endedAt: number
  readonly expiresAt: number
}

/** Makes the last statement of a pool, signed with a key that is about to go. */
export type Bury = (burial: Burial, key: SigningKey) => string | Promise<string>

/** Notes that the pool is being deleted; to be called while its row is still there. */
export async function noteBuried(unit: Unit, poolId: string, key: SigningKey | undefined): Promise<void> {
  const { db, now } = unit
  const seq = await nextSeq(unit, poolId)
  const burial = { poolId, seq, endedAt: now, expiresAt: await lastTokenEnds(unit, poolId) }
  const tombstone = key === undefined ? null : ((await unit.bury?.(burial, key)) ?? null)
  await db
    .updateTable('revocation_feed')
    .set({ ended_at: now, tombstone, expires_at: burial.expiresAt })
    .where('pool_id', '=', poolId)
    .execute()
}

/** Notes that a pool was made. Under the id of a deleted one, the tokens of that one stay dead. */
export async function noteBorn(ground: Ground, poolId: string): Promise<void> {
  const { db, now } = ground
  const grave = await db
    .selectFrom('revocation_feed')
    .select(['ended_at', 'expires_at'])
    .where('pool_id', '=', poolId)
    .executeTakeFirst()
  if (grave?.ended_at == null || grave.expires_at === null) return
  const issuedBefore = firstGoodSecond(now, grave.ended_at)
  const expiresAt = Math.max(grave.expires_at, await lastTokenEnds(ground, poolId))
  await putRevocation(ground, poolId, { kind: 'pool', valueHash: wholePool, issuedBefore, expiresAt })
  await db
    .updateTable('revocation_feed')
    .set({ ended_at: null, tombstone: null, expires_at: null })
    .where('pool_id', '=', poolId)
    .execute()
}
