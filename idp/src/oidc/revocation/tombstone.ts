import type { Bury } from '../../directory/revocations/endings.ts'
import { poolUrls } from '../../directory/urls.ts'
import { createSigner } from '../signer.ts'
import { signStatement } from './statement.ts'

const second = 1000

/**
 * Makes the last word of a pool that is being deleted: nothing of it is good, for as long as anybody may hold a token of
 * it. It is signed at once, for its keys go with the pool.
 *
 * @param publicUrl public origin of the provider, which may be known only once it listens
 */
export function createBury(publicUrl: () => string): Bury {
  return ({ poolId, seq, endedAt, expiresAt }, key) =>
    signStatement(
      {
        iss: poolUrls(publicUrl(), poolId).issuer,
        iat: Math.floor(endedAt / second),
        exp: Math.ceil(expiresAt / second),
        after: 0,
        seq,
        ended: true,
        final: true,
        entries: [],
      },
      createSigner(key),
    )
}
