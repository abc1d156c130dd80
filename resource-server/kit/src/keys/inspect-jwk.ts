import { decodeBase64url } from '@postern/core'
import { limits } from '../limits.ts'
import type { Algorithm } from '../options/algorithms.ts'
import { isRecord } from '../options/fields.ts'
import { isSoundEd25519 } from './ed25519-point.ts'

/** The public members of a JWK that verifies signatures. */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }

/** What an entry of a key set is good for. */
export type InspectedJwk =
  | {
      readonly usable: true
      readonly kid: string | undefined
      readonly algorithms: readonly Algorithm[]
      readonly jwk: PublicJwk
    }
  | {
      readonly usable: false
      /** `foreign`: a proper key for something else. The others are mistakes of the issuer's. */
      readonly why: 'foreign' | 'malformed' | 'private' | 'weak'
      readonly kid: string | undefined
    }

type Found = { readonly algorithms: readonly Algorithm[]; readonly jwk: PublicJwk } | 'foreign' | 'malformed' | 'weak'

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/**
 * Looks at one entry of a key set (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). Only signature keys that are public, sound
 * and of a supported kind are usable, each with the algorithms that its type, curve and `alg` leave.
 */
export function inspectJwk(entry: unknown): InspectedJwk {
  if (!isRecord(entry)) return { usable: false, why: 'malformed', kid: undefined }
  const kid = typeof entry['kid'] === 'string' ? entry['kid'] : undefined
  if (privateMembers.some((member) => Object.hasOwn(entry, member))) return { usable: false, why: 'private', kid }
  if (!isForSignatures(entry)) return { usable: false, why: 'foreign', kid }
  const found = inspectType(entry)
  if (typeof found === 'string') return { usable: false, why: found, kid }
  const algorithms = narrow(found.algorithms, entry['alg'])
  return algorithms.length === 0
    ? { usable: false, why: 'foreign', kid }
    : { usable: true, kid, algorithms, jwk: found.jwk }
}

function isForSignatures({ use, key_ops }: Record<string, unknown>): boolean {
  if (use !== undefined && use !== 'sig') return false
  return key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes('verify'))
}

/** `alg` binds a key to one algorithm; the two names of Ed25519 signatures are one (RFC 9864 §2.2). */
function narrow(algorithms: readonly Algorithm[], alg: unknown): readonly Algorithm[] {
  if (alg === undefined || (alg === 'EdDSA' && algorithms.includes('Ed25519'))) return algorithms
  if (alg === 'Ed25519') return algorithms.includes('Ed25519') ? algorithms : []
  return algorithms.filter((algorithm) => algorithm === alg)
}

function inspectType(entry: Record<string, unknown>): Found {
  switch (entry['kty']) {
    case 'RSA':
      return inspectRsa(entry)
    case 'EC':
      return inspectEc(entry)
    case 'OKP':
      return inspectOkp(entry)
    default:
      return typeof entry['kty'] === 'string' ? 'foreign' : 'malformed'
  }
}

const rsaAlgorithms: readonly Algorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

/** The exponent of FIPS 186-5 §5.4: odd and above 2^16. It rules out 1, which verifies anything, and the small ones. */
function inspectRsa({ n, e }: Record<string, unknown>): Found {
  const modulus = decodeMember(n)
  const exponent = decodeMember(e)
  if (typeof n !== 'string' || typeof e !== 'string' || modulus === undefined || exponent === undefined)
    return 'malformed'
  const bits = bitLength(modulus)
  const exponentBits = bitLength(exponent)
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1
  if (bits < limits.rsaMinBits || exponentBits < 17 || !isOdd) return 'weak'
  if (bits > limits.rsaMaxBits || exponentBits > 64) return 'malformed'
  return { algorithms: rsaAlgorithms, jwk: { kty: 'RSA', n, e } }
}

const curves: ReadonlyMap<unknown, { readonly algorithm: Algorithm; readonly bytes: number }> = new Map([
  ['P-256', { algorithm: 'ES256', bytes: 32 }],
  ['P-384', { algorithm: 'ES384', bytes: 48 }],
  ['P-521', { algorithm: 'ES512', bytes: 66 }],
])

function inspectEc({ crv, x, y }: Record<string, unknown>): Found {
  const curve = curves.get(crv)
  if (curve === undefined) return typeof crv === 'string' ? 'foreign' : 'malformed'
  const isPoint = decodeMember(x)?.length === curve.bytes && decodeMember(y)?.length === curve.bytes
  if (!isPoint || typeof x !== 'string' || typeof y !== 'string' || typeof crv !== 'string') return 'malformed'
  return { algorithms: [curve.algorithm], jwk: { kty: 'EC', crv, x, y } }
}

function inspectOkp({ crv, x }: Record<string, unknown>): Found {
  if (crv !== 'Ed25519') return typeof crv === 'string' ? 'foreign' : 'malformed'
  const point = decodeMember(x)
  if (typeof x !== 'string' || point?.length !== 32) return 'malformed'
  if (!isSoundEd25519(point)) return 'weak'
  return { algorithms: ['EdDSA', 'Ed25519'], jwk: { kty: 'OKP', crv, x } }
}

function decodeMember(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? decodeBase64url(value) : undefined
}

/** Bits of an unsigned big-endian integer, leading zeros aside. */
function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24)
}
