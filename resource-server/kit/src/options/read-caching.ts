import { limits } from '../limits.ts'
import { readNumber, readRecord } from './fields.ts'
import type { KeyTimes } from './settings.ts'
import type { ResourceServerOptions } from './types.ts'

/** Reads `cache`: how many verified tokens are kept; 0 for none. */
export function readCache(value: ResourceServerOptions['cache']): number {
  if (value === false) return 0
  const { maxTokens } = readRecord(value ?? {}, 'cache', ['maxTokens'])
  const bounds = { min: 1, max: limits.cachedTokensMax, fallback: limits.cachedTokens }
  return Math.floor(readNumber(maxTokens, 'cache.maxTokens', bounds))
}

/** Reads `keys`, which is in seconds, as milliseconds. */
export function readKeyTimes(value: ResourceServerOptions['keys']): KeyTimes {
  const keys = readRecord(value ?? {}, 'keys', ['timeout', 'maxAge', 'staleIfError', 'cooldown'])
  const day = 86_400
  const read = (name: string, min: number, max: number, fallback: number) =>
    readNumber(keys[name], `keys.${name}`, { min, max, fallback }) * 1000
  const maxAge = read('maxAge', 1, day, limits.keyMaxAgeSeconds)
  return {
    timeout: read('timeout', 0.001, 60, limits.keyFetchTimeoutSeconds),
    softAge: Math.min(limits.keySoftAgeSeconds * 1000, maxAge / 2),
    maxAge,
    staleIfError: read('staleIfError', 0, 7 * day, limits.keyStaleIfErrorSeconds),
    cooldown: read('cooldown', 1, day, limits.keyCooldownSeconds),
  }
}
