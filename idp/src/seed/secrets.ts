import { hashSecret, type SeedClient } from '@postern/server'
import type { HashedSecret } from '../directory/types.ts'

/** What a seed says of a client's secrets: as they are to be, the newest first; undefined where it says nothing. */
export function seededSecrets({ clientSecret, secretHash }: SeedClient): readonly HashedSecret[] | undefined {
  if (clientSecret !== undefined) return [{ hash: hashSecret(clientSecret), expiresAt: null }]
  if (secretHash === undefined) return undefined
  return (Array.isArray(secretHash) ? secretHash : [secretHash]).map((secret) => {
    const { hash, expiresAt } = typeof secret === 'string' ? { hash: secret } : secret
    return { hash, expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt) }
  })
}

/**
 * The inverse of {@link seededSecrets}, as short as it can be.
 *
 * @param secrets live ones, the newest first
 */
export function exportedSecrets(secrets: readonly HashedSecret[]): NonNullable<SeedClient['secretHash']> {
  const all = secrets.map(({ hash, expiresAt }) =>
    expiresAt === null ? hash : { hash, expiresAt: new Date(expiresAt).toISOString() },
  )
  const [first, ...others] = all
  return first === undefined || others.length > 0 ? all : first
}
