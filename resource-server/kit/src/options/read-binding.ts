import { type FindCertificate, fromConnection } from '../binding/certificate.ts'
import type { NonceRules } from '../dpop/nonce.ts'
import type { ReplayStore } from '../dpop/replay-store.ts'
import type { DpopRules } from '../dpop/verify-proof.ts'
import { limits } from '../limits.ts'
import { readAlgorithms } from './algorithms.ts'
import { ConfigError } from './config-error.ts'
import { isRecord, readFunction, readNumber, readOneOf, readRecord } from './fields.ts'
import type { DpopOptions, MtlsOptions } from './types.ts'

/** Reads `dpop`; undefined where DPoP is off. `hasApiKeys` because those are bearers and cannot be bound. */
export function readDpop(options: DpopOptions | undefined, hasApiKeys: boolean): DpopRules | undefined {
  if (options === undefined) return undefined
  readRecord(options, 'dpop', ['mode', 'algorithms', 'maxAge', 'replayStore', 'nonce'])
  if (options.mode === undefined) throw new ConfigError('dpop.mode', "say 'allowed' or 'required', or 'off'")
  const mode = readOneOf(options.mode, 'dpop.mode', ['off', 'allowed', 'required'], 'off')
  if (mode === 'required' && hasApiKeys) {
    throw new ConfigError('dpop.mode', "API keys cannot be bound to a key; use 'allowed', or remove apiKeys")
  }
  const maxAge = { min: 1, max: limits.dpopMaxAgeMaxSeconds, fallback: limits.dpopMaxAgeSeconds }
  const rules = {
    required: mode === 'required',
    algorithms: readAlgorithms(options.algorithms, 'dpop.algorithms'),
    maxAge: readNumber(options.maxAge, 'dpop.maxAge', maxAge),
    replayStore: readReplayStore(options.replayStore),
    nonce: readNonce(options.nonce),
  }
  return mode === 'off' ? undefined : rules
}

function readReplayStore(value: unknown): ReplayStore | undefined {
  if (value === undefined) return undefined
  if (isReplayStore(value)) return value
  throw new ConfigError('dpop.replayStore', 'must have a function add(id, expiresAt), true for an id that is new')
}

function isReplayStore(value: unknown): value is ReplayStore {
  return typeof value === 'object' && value !== null && 'add' in value && typeof value.add === 'function'
}

function readNonce(value: DpopOptions['nonce']): NonceRules | undefined {
  if (value === undefined) return undefined
  if (value === 'required') return { secret: undefined, lifetime: limits.dpopNonceSeconds }
  if (!isRecord(value)) throw new ConfigError('dpop.nonce', "must be 'required' or { secret }")
  readRecord(value, 'dpop.nonce', ['secret', 'lifetime'])
  const lifetime = { min: 2, max: limits.dpopMaxAgeMaxSeconds, fallback: limits.dpopNonceSeconds }
  return {
    secret: readSecret(value.secret),
    lifetime: readNumber(value.lifetime, 'dpop.nonce.lifetime', lifetime),
  }
}

function readSecret(value: unknown): Uint8Array<ArrayBuffer> {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  if (!(bytes instanceof Uint8Array) || bytes.length < limits.dpopNonceSecretBytes) {
    const mend = `must be at least ${limits.dpopNonceSecretBytes} random bytes or characters, the same in every instance`
    throw new ConfigError('dpop.nonce.secret', mend)
  }
  return new Uint8Array(bytes)
}

/** Reads `mtls`: where the client's certificate comes from; undefined where mTLS is off. */
export function readMtls(options: MtlsOptions | undefined): FindCertificate | undefined {
  if (options === undefined) return undefined
  readRecord(options, 'mtls', ['certificate'])
  return readFunction(options.certificate, 'mtls.certificate') ?? fromConnection
}
