import { type Clock, systemClock } from '@postern/core'
import { importJWK, SignJWT } from 'jose'
import { type Algorithm, algorithms, isAlgorithm } from './options/algorithms.ts'
import { ConfigError } from './options/config-error.ts'
import { readRecord, readText } from './options/fields.ts'
import type { ResourceServerOptions } from './options/types.ts'
import { createResourceServer } from './resource-server.ts'

export interface MetadataSigner {
  /** A private JWK, or a CryptoKey. */
  readonly key: object | CryptoKey
  readonly algorithm: Algorithm
  readonly kid?: string
}

/**
 * Signs the protected resource metadata (RFC 9728 §2.2): gives the same options with `signed_metadata` in them, for clients that
 * know the key. The resource itself vouches for what it says, so it is the `iss`. Rejects with `ConfigError`.
 *
 * @example
 * const rs = createResourceServer(await signMetadata(options, { key, algorithm: 'ES256', kid: 'metadata' }))
 */
export async function signMetadata(
  options: ResourceServerOptions,
  signer: MetadataSigner,
): Promise<ResourceServerOptions> {
  const { key, algorithm, kid } = await readSigner(signer)
  const { signed_metadata: _, ...metadata } = options.metadata ?? {}
  const clock: Clock = options.clock ?? systemClock
  // Made for its document alone: nothing is fetched, and nobody hears of it.
  const { onEvent: __, ...silent } = options
  const rs = createResourceServer({ ...silent, metadata })
  const document: unknown = await rs.metadata(new Request(rs.metadataUrl ?? rs.resource))?.json()
  rs.close()
  if (typeof document !== 'object' || document === null) throw new TypeError('without an issuer there is no metadata')
  const signed = await new SignJWT({ ...document })
    .setProtectedHeader({ alg: algorithm, ...(kid === undefined ? {} : { kid }) })
    .setIssuer(rs.resource)
    .setIssuedAt(Math.floor(clock.now() / 1000))
    .sign(key)
  return { ...options, metadata: { ...metadata, signed_metadata: signed } }
}

async function readSigner(signer: MetadataSigner) {
  readRecord(signer, 'signer', ['key', 'algorithm', 'kid'])
  const { algorithm } = signer
  if (!isAlgorithm(algorithm)) throw new ConfigError('signer.algorithm', `must be one of ${algorithms.join(', ')}`)
  const kid = signer.kid === undefined ? undefined : readText(signer.kid, 'signer.kid')
  try {
    const key = signer.key instanceof CryptoKey ? signer.key : await importJWK({ ...signer.key }, algorithm)
    // Whether it is private and fits the algorithm shows when it signs.
    await new SignJWT({}).setProtectedHeader({ alg: algorithm }).sign(key)
    return { key, algorithm, kid }
  } catch {
    throw new ConfigError('signer.key', `must be a private JWK or CryptoKey for ${algorithm}`)
  }
}
