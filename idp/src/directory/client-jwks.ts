import { createPublicKey, type KeyObject } from 'node:crypto'
import type { FieldError } from '@postern/server'
import { limits } from '../limits.ts'
import type { PublicJwk } from './types.ts'

const curves = new Set(['P-256', 'P-384', 'P-521', 'Ed25519'])

function importKey(jwk: PublicJwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' })
  } catch {
    // Whatever is wrong with it, the person is told the same: it is no public key.
    return undefined
  }
}

function keyFault(jwk: PublicJwk, field: string): FieldError | undefined {
  const key = importKey(jwk)
  if (key === undefined || (jwk['kty'] !== 'RSA' && !curves.has(String(jwk['crv'])))) {
    const message = 'is no usable public key; write RSA, EC on P-256, P-384 or P-521, or OKP with Ed25519 as JWK'
    return { field, code: 'invalid', message }
  }
  if (jwk['kty'] === 'RSA' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < limits.rsaBits) {
    return { field: `${field}.n`, code: 'too_short', message: `use an RSA key of at least ${limits.rsaBits} bits` }
  }
  if (jwk['use'] === undefined || jwk['use'] === 'sig') return undefined
  return { field: `${field}.use`, code: 'invalid', message: 'must be a key for signatures; use sig, or remove use' }
}

/** Whether assertions can be verified with these keys (RFC 7523 §3); their form was checked before. */
export function jwksFaults(keys: readonly PublicJwk[]): FieldError[] {
  return keys.flatMap((key, index) => keyFault(key, `jwks.keys[${index}]`) ?? [])
}
