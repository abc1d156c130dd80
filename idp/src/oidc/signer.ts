import { sign as signData } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm, SigningKey } from '../directory/types.ts'

/** Signs with one private key. */
export interface Signer {
  readonly kid: string
  readonly alg: SigningAlgorithm
  /** The JWS signature (RFC 7518 §3) of the bytes. */
  sign(data: Uint8Array): Buffer | Promise<Buffer>
}

const signInThreadPool = promisify(signData)

/**
 * ECDSA and EdDSA sign at once: a hand-over to another thread costs more than their 40 µs. RSA takes twenty times
 * that, so it goes to the thread pool and leaves the event loop alone.
 */
export function createSigner({ kid, alg, privateKey }: SigningKey): Signer {
  switch (alg) {
    case 'ES256':
      return { kid, alg, sign: (data) => derToP1363(signData('sha256', data, privateKey)) }
    case 'EdDSA':
      return { kid, alg, sign: (data) => signData(null, data, privateKey) }
    case 'RS256':
      return { kid, alg, sign: (data) => signInThreadPool('sha256', data, privateKey) }
  }
}

const coordinateBytes = 32

/**
 * An ECDSA signature over P-256 as JOSE wants it: r and s, 32 bytes each (RFC 7518 §3.4). Node can answer so by
 * itself (`dsaEncoding`), but takes twice the time.
 *
 * @param der SEQUENCE of two INTEGERs (RFC 3279 §2.2.3), as OpenSSL writes it: every length fits one byte
 */
export function derToP1363(der: Uint8Array): Buffer {
  const signature = Buffer.alloc(2 * coordinateBytes)
  const afterR = copyInteger(der, 2, signature, coordinateBytes)
  copyInteger(der, afterR, signature, 2 * coordinateBytes)
  return signature
}

/** Copies the INTEGER at `at` so that it ends at `end`; says where the next one starts. */
function copyInteger(der: Uint8Array, at: number, to: Buffer, end: number): number {
  const next = at + 2 + (der[at + 1] ?? 0)
  // A leading zero only says that the number is positive.
  const start = Math.max(at + 2, next - coordinateBytes)
  to.set(der.subarray(start, next), end - (next - start))
  return next
}
