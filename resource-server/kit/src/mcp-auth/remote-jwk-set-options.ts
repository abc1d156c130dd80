import { customFetch, jwksCache, type RemoteJWKSetOptions } from 'jose'
import { ConfigError } from '../options/config-error.ts'
import { isRecord, readFunction, readRecord } from '../options/fields.ts'
import type { ResourceServerOptions } from '../options/types.ts'

type Fetch = typeof globalThis.fetch

/** What `remoteJwkSet` says about fetching keys, in the kit's terms. */
export interface KeyRules {
  readonly keys: NonNullable<ResourceServerOptions['keys']>
  /** Present where requests for keys need headers or a function of one's own. */
  readonly fetch: ((usual: Fetch | undefined) => Fetch) | undefined
}

const known: readonly (keyof RemoteJWKSetOptions & string)[] = [
  'timeoutDuration',
  'cooldownDuration',
  'cacheMaxAge',
  'headers',
]

/**
 * Reads `remoteJwkSet`, the options of jose's createRemoteJWKSet, or `remoteJwtSet`, which is how the documentation
 * spells it. Throws `ConfigError` for what has no counterpart.
 */
export function readRemoteJwkSet(remoteJwkSet: unknown, remoteJwtSet: unknown): KeyRules {
  if (remoteJwkSet !== undefined && remoteJwtSet !== undefined) {
    throw new ConfigError('remoteJwtSet', 'is the same as remoteJwkSet; keep one of them')
  }
  const path = remoteJwtSet === undefined ? 'remoteJwkSet' : 'remoteJwtSet'
  const options: OptionsRecord = readRecord(remoteJwkSet ?? remoteJwtSet ?? {}, path, known)
  if (options[jwksCache] !== undefined) {
    throw new ConfigError(`${path}[jwksCache]`, 'is not supported, for the keys are cached already; remove it')
  }
  const custom = readFunction(options[customFetch], `${path}[customFetch]`)
  return {
    keys: {
      ...seconds(options, path, 'timeoutDuration', 'timeout', { min: 1, max: 60_000 }),
      ...seconds(options, path, 'cooldownDuration', 'cooldown', { min: 1000, max: 86_400_000 }),
      ...seconds(options, path, 'cacheMaxAge', 'maxAge', { min: 1000, max: 86_400_000 }),
    },
    fetch: readFetch(readHeaders(options['headers'], `${path}.headers`), isFetch(custom) ? custom : undefined),
  }
}

/** Two of jose's options go by symbols. */
interface OptionsRecord extends Record<string, unknown> {
  readonly [customFetch]?: unknown
  readonly [jwksCache]?: unknown
}

/** jose counts milliseconds, the kit seconds. */
function seconds(
  options: Record<string, unknown>,
  path: string,
  name: string,
  kitName: string,
  { min, max }: { readonly min: number; readonly max: number },
): Record<string, number> {
  const value = options[name]
  if (value === undefined) return {}
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new ConfigError(`${path}.${name}`, `must be a number of milliseconds from ${min} to ${max}`)
  }
  return { [kitName]: value / 1000 }
}

function readHeaders(value: unknown, path: string): Headers | undefined {
  if (value === undefined) return undefined
  if (!isRecord(value)) throw new ConfigError(path, 'must be an object of header names and values')
  const headers = new Headers()
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new ConfigError(`${path}.${name}`, 'must be a string')
    headers.set(name, text)
  }
  return headers
}

/** The headers are added to what is sent for keys; the kit's own stay. */
function readFetch(headers: Headers | undefined, custom: Fetch | undefined): KeyRules['fetch'] {
  if (headers === undefined && custom === undefined) return undefined
  return (usual) => {
    const send = custom ?? usual ?? globalThis.fetch
    return (target, init) => {
      const all = new Headers(init?.headers)
      for (const [name, text] of headers ?? []) all.set(name, text)
      return send(target, { ...init, headers: all })
    }
  }
}

function isFetch(value: unknown): value is Fetch {
  return typeof value === 'function'
}
