import { ConfigError } from './config-error.ts'
import { readTexts } from './fields.ts'

/** Signature algorithms that the kit can verify, all of them asymmetric (RFC 7518 §3.1, RFC 8037, RFC 9864). */
export const algorithms = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
] as const

export type Algorithm = (typeof algorithms)[number]

export function isAlgorithm(name: unknown): name is Algorithm {
  return algorithms.some((algorithm) => algorithm === name)
}

/** Reads an allow-list; absent, all that the kit can verify. */
export function readAlgorithms(value: unknown, path: string): ReadonlySet<string> {
  const names = readTexts(value, path) ?? algorithms
  for (const [index, name] of names.entries()) {
    if (isAlgorithm(name)) continue
    const why = /^HS\d+$/.test(name)
      ? 'is symmetric: whoever can verify could also sign, and a public key would do as the secret'
      : 'is not supported'
    throw new ConfigError(`${path}[${index}]`, `${why}; use ${algorithms.join(', ')}`)
  }
  return new Set(names)
}
