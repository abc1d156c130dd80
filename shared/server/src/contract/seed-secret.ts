import { z } from 'zod'
import { limits } from '../limits.ts'
import { secretHash } from './client.ts'
import { type ClientShape, defaultAuthMethod } from './client-rules.ts'
import { repeats } from './repeats.ts'
import { time } from './scalars.ts'
import { type FieldError, strict, withRules } from './validate.ts'

/** One secret as a hash: it lives for ever, or until a time. A time that has passed is no mistake, for files stay. */
const seedSecret = z.union(
  [secretHash, strict({ hash: secretHash, expiresAt: time.exactOptional() })],
  'must be a hash, or {hash, expiresAt}',
)
export type SeedSecret = z.output<typeof seedSecret>

/** One secret or those that live side by side, the newest first; `[]` means that the client has none. */
export const seedSecrets = z.union(
  [seedSecret, withRules(z.array(seedSecret).max(limits.liveSecrets), repeatedHashes)],
  'must be a hash, or {hash, expiresAt}, or a list of these',
)

function hashOf(secret: SeedSecret): string {
  return typeof secret === 'string' ? secret : secret.hash
}

function repeatedHashes(secrets: readonly SeedSecret[]): FieldError[] {
  return repeats(secrets, hashOf, '', (first) => `is the same secret as ${first}; remove one`)
}

/** What {@link seedSecretRules} looks at. */
export interface SeedClientShape extends ClientShape {
  secretHash?: unknown
}

/** A seed file is applied again and again, so it must bring the secret: one made by us would be shown nowhere. */
export function seedSecretRules(client: SeedClientShape): FieldError[] {
  const { clientSecret, secretHash: hashes } = client
  const method = client.tokenEndpointAuthMethod ?? defaultAuthMethod(client.clientType)
  if (clientSecret !== undefined && hashes !== undefined) {
    return [{ field: 'secretHash', code: 'invalid', message: 'give clientSecret or secretHash, not both' }]
  }
  if (method === 'none' && hashes !== undefined) {
    const message = `a client of type ${client.clientType} can keep no secret; remove secretHash`
    return [{ field: 'secretHash', code: 'invalid', message }]
  }
  if (!method.startsWith('client_secret') || clientSecret !== undefined || hashes !== undefined) return []
  const message = 'a seeded client brings its secret; give clientSecret or secretHash'
  return [{ field: 'clientSecret', code: 'required', message }]
}
