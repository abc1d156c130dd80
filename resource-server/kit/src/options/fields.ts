import { type Clock, isScopeToken, systemClock } from '@postern/core'
import { ConfigError } from './config-error.ts'
import { didYouMean } from './did-you-mean.ts'

/** Is the value an object that is no array? */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Takes an object of options whose every member is known; `path` is empty at the top. `elsewhere` has options of other
 * places, by place, for who gives one here.
 */
export function readRecord(
  value: unknown,
  path: string,
  known: readonly string[],
  elsewhere: Readonly<Record<string, readonly string[]>> = {},
): Record<string, unknown> {
  if (!isRecord(value)) {
    throw new ConfigError(path === '' ? 'options' : path, `must be an object; known are ${known.join(', ')}`)
  }
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue
    const place = Object.keys(elsewhere).find((other) => elsewhere[other]?.includes(name))
    const meant = didYouMean(name, known)
    const guess = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`
    const hint = place === undefined ? guess : `it belongs into ${place}`
    throw new ConfigError(path === '' ? name : `${path}.${name}`, `unknown option; ${hint}`)
  }
  return value
}

export function readText(value: unknown, path: string): string {
  if (value instanceof URL) throw new ConfigError(path, 'must be a string; give the href of the URL')
  if (typeof value !== 'string' || value === '') throw new ConfigError(path, 'must be a string that is not empty')
  return value
}

export function readBoolean(value: unknown, path: string): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw new ConfigError(path, 'must be true or false')
  return value
}

/** A finite number within bounds, or the fallback where it is absent. */
export function readNumber(value: unknown, path: string, { min, max, fallback }: NumberBounds): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new ConfigError(path, `must be a number from ${min} to ${max}`)
  }
  return value
}

export interface NumberBounds {
  readonly min: number
  readonly max: number
  readonly fallback: number
}

export function readOneOf<T extends string>(value: unknown, path: string, allowed: readonly T[], fallback: T): T {
  if (value === undefined) return fallback
  const found = allowed.find((candidate) => candidate === value)
  if (found === undefined) throw new ConfigError(path, `must be ${allowed.map((name) => `'${name}'`).join(' or ')}`)
  return found
}

export function readFunction<F>(value: F | undefined, path: string): F | undefined {
  if (value !== undefined && typeof value !== 'function') throw new ConfigError(path, 'must be a function')
  return value
}

/** The clock given, or the system's where none is. */
export function readClock(value: Clock | undefined, path: string): Clock {
  if (value === undefined) return systemClock
  if (!isRecord(value) || typeof value.now !== 'function') {
    throw new ConfigError(path, 'must have a function now() that gives milliseconds since the epoch')
  }
  return value
}

/** A list of texts, not empty; undefined where it is absent. */
export function readTexts(value: unknown, path: string): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length === 0) {
    throw new ConfigError(path, 'must be a list of strings with at least one entry; to set no rule, remove it')
  }
  return value.map((item: unknown, index) => readText(item, `${path}[${index}]`))
}

/** A list of scopes; may be empty. */
export function readScopes(value: unknown, path: string): readonly string[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new ConfigError(path, 'must be a list of scopes, each a string of its own')
  return value.map((item: unknown, index) => readScope(item, `${path}[${index}]`))
}

export function readScope(value: unknown, path: string): string {
  if (typeof value !== 'string' || !isScopeToken(value)) {
    throw new ConfigError(path, 'must be one scope: printable ASCII without spaces, quotes and backslashes')
  }
  return value
}
