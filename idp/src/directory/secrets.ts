import { generateSecret, hashSecret } from '@postern/server'
import { limits } from '../limits.ts'
import { mayHaveSecrets, needsSecret } from './client-authentication.ts'
import { findClientRow } from './client-row.ts'
import { lockPool, touchPool } from './pool-lock.ts'
import { conflict, invalid, secretNotFound } from './refusals.ts'
import { secretFromRow } from './rows.ts'
import { addSecret, addSecrets, dropExpired, liveSecrets, lives, removeSecret, setExpiry } from './secret-rows.ts'
import type { Client, CreatedSecret, HashedSecret, Secret, SecretInput } from './types.ts'
import type { Ground, Unit } from './unit.ts'

export async function listSecrets(ground: Ground, poolId: string, clientId: string): Promise<readonly Secret[]> {
  const client = await findClientRow(ground, poolId, clientId)
  return (await liveSecrets(ground, client)).map(secretFromRow)
}

function refuseSecretless(client: Client): void {
  if (mayHaveSecrets(client)) return
  throw conflict(
    'conflict',
    `A client of type ${client.clientType} is public and has no secret; make a WEB_APPLICATION or MACHINE_TO_MACHINE client.`,
  )
}

async function noteChange(unit: Unit, { poolId, clientId }: Client): Promise<void> {
  await touchPool(unit, poolId)
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'updated', poolId, clientId })
}

export async function createSecret(
  unit: Unit,
  poolId: string,
  clientId: string,
  input: SecretInput,
): Promise<CreatedSecret> {
  await lockPool(unit, poolId)
  const client = await findClientRow(unit, poolId, clientId)
  refuseSecretless(client)
  const expiresAt = input.expiresAt ?? null
  if (!lives(unit, { expiresAt })) {
    throw invalid('expiresAt', 'invalid', 'has passed; choose a time in the future, or leave it out')
  }
  await dropExpired(unit, client)
  if ((await liveSecrets(unit, client)).length >= limits.liveSecrets) {
    throw conflict('limit', `A client has at most ${limits.liveSecrets} live secrets; delete one first.`)
  }
  const clientSecret = input.clientSecret ?? generateSecret()
  const secret = await addSecret(unit, client, { hash: hashSecret(clientSecret), expiresAt })
  await noteChange(unit, client)
  return { secret, clientSecret }
}

export async function deleteSecret(unit: Unit, poolId: string, clientId: string, secretId: string): Promise<void> {
  await lockPool(unit, poolId)
  const client = await findClientRow(unit, poolId, clientId)
  const live = await liveSecrets(unit, client)
  if (!live.some((secret) => secret.id === secretId)) throw secretNotFound()
  if (live.length === 1 && needsSecret(client)) {
    throw conflict('in_use', 'This is the only live secret of the client; add another first, then delete this one.')
  }
  await removeSecret(unit, client, secretId)
  await noteChange(unit, client)
}

interface SecretChanges {
  readonly missing: readonly HashedSecret[]
  /** Those that the client has, but until another time. */
  readonly altered: readonly HashedSecret[]
  /** Ids of those that must make room. */
  readonly surplus: readonly string[]
}

/** @param live the client's live secrets, oldest first */
function secretChanges(
  ground: Ground,
  live: Awaited<ReturnType<typeof liveSecrets>>,
  wanted: readonly HashedSecret[],
  exact: boolean,
): SecretChanges {
  const present = new Map(live.map((secret) => [secret.hash, secret.expires_at]))
  const others = live.filter(({ hash }) => !wanted.some((secret) => secret.hash === hash))
  const living = wanted.filter((secret) => lives(ground, secret))
  const room = exact ? 0 : Math.max(0, limits.liveSecrets - living.length)
  return {
    missing: living.filter(({ hash }) => !present.has(hash)),
    altered: wanted.filter(({ hash, expiresAt }) => present.has(hash) && present.get(hash) !== expiresAt),
    surplus: others.slice(0, Math.max(0, others.length - room)).map(({ id }) => id),
  }
}

/**
 * Makes the wanted ones secrets of the client. Others stay beside them as long as there is room, so that a secret can
 * be exchanged without a gap, unless `exact`. Says whether anything changed.
 */
export async function putSecrets(
  unit: Unit,
  poolId: string,
  clientId: string,
  wanted: readonly HashedSecret[],
  exact: boolean,
): Promise<boolean> {
  await lockPool(unit, poolId)
  const client = await findClientRow(unit, poolId, clientId)
  const { missing, altered, surplus } = secretChanges(unit, await liveSecrets(unit, client), wanted, exact)
  if (missing.length + altered.length + surplus.length === 0) return false
  refuseSecretless(client)
  for (const secret of altered) await setExpiry(unit, client, secret)
  await dropExpired(unit, client)
  for (const id of surplus) await removeSecret(unit, client, id)
  await addSecrets(unit, client, missing)
  await noteChange(unit, client)
  return true
}
