import { type Clock, systemClock } from '@postern/core'
import { importJWK, SignJWT } from 'jose'
import type { Algorithm } from './options/algorithms.ts'
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
 * know the key. The resource itself vouches for what it says, so it is the `iss`.
 *
 * @example
 * const rs = createResourceServer(await signMetadata(options, { key, algorithm: 'ES256', kid: 'metadata' }))
 */
export async function signMetadata(
  options: ResourceServerOptions,
  { key, algorithm, kid }: MetadataSigner,
): Promise<ResourceServerOptions> {
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
    .sign(key instanceof CryptoKey ? key : await importJWK({ ...key }, algorithm))
  return { ...options, metadata: { ...metadata, signed_metadata: signed } }
}
