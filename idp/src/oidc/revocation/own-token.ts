import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type JsonObject, parseJws } from '@postern/core'
import type { PublicJwk } from '../../directory/types.ts'
import type { OpenPool } from '../open-pools.ts'

/** An access token that this pool issued, and that has not expired. */
export interface OwnToken {
  readonly jti: string
  readonly clientId: string
  readonly subject: string | undefined
  /** Names what a person granted; absent in tokens of machines. */
  readonly grantId: string | undefined
  readonly audience: string
  /** Epoch seconds. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly claims: JsonObject
}

const second = 1000

/**
 * Reads an access token of the pool's own (RFC 9068): signed by one of its keys, retired ones included, and live.
 * Undefined for everything else, an ID token too.
 *
 * @param now epoch milliseconds
 */
export function readOwnToken(opened: OpenPool, token: string, now: number): OwnToken | undefined {
  const jws = parseJws(token)
  if (jws.malformed !== undefined) return undefined
  const { header, payload, signingInput, signature } = jws
  if (header['typ'] !== 'at+jwt' || payload['iss'] !== opened.issuer) return undefined
  const key = opened.publicKeys.find(({ kid }) => kid === header['kid'])
  if (key === undefined || key['alg'] !== header['alg']) return undefined
  if (!isSignedBy(key, Buffer.from(signingInput), signature)) return undefined
  return liveToken(payload, now)
}

function liveToken(claims: JsonObject, now: number): OwnToken | undefined {
  const { jti, client_id: clientId, sub, aud, iat, exp, grant_id: grantId } = claims
  if (typeof jti !== 'string' || typeof clientId !== 'string' || typeof aud !== 'string') return undefined
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp * second <= now) return undefined
  return {
    jti,
    clientId,
    subject: typeof sub === 'string' ? sub : undefined,
    grantId: typeof grantId === 'string' ? grantId : undefined,
    audience: aud,
    issuedAt: iat,
    expiresAt: exp,
    claims,
  }
}

const opened = new WeakMap<PublicJwk, KeyObject>()

function keyOf(jwk: PublicJwk): KeyObject {
  const known = opened.get(jwk)
  if (known !== undefined) return known
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  opened.set(jwk, key)
  return key
}

function isSignedBy(jwk: PublicJwk, data: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOf(jwk)
  switch (jwk['alg']) {
    case 'ES256':
      return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
    case 'RS256':
      return verify('sha256', data, key, signature)
    case 'EdDSA':
      return verify(null, data, key, signature)
    default:
      return false
  }
}
