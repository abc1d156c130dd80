import { ConfigError } from '../options/config-error.ts'
import { isRecord, readOneOf, readRecord } from '../options/fields.ts'
import type { ErrorFormat, KitOptions } from './config.ts'

const set: readonly string[] = [
  'resource',
  'resourceName',
  'issuers',
  'requiredScopes',
  'scopesSupported',
  'verify',
  'metadata',
  'legacyServerMetadata',
]

/** Takes `kit`, whose members `createResourceServer` validates later. */
export function readKit(value: unknown): KitOptions {
  if (value === undefined) return {}
  if (!isRecord(value)) throw new ConfigError('kit', 'must be an object of options of createResourceServer')
  for (const name of set) {
    if (Object.hasOwn(value, name)) throw new ConfigError(`kit.${name}`, "comes from MCP Auth's own options; remove it")
  }
  return value
}

export function readErrorFormat(value: unknown, fallback: ErrorFormat = 'rfc6750'): ErrorFormat {
  return readOneOf(value, 'errorFormat', ['rfc6750', 'mcp-auth'], fallback)
}

/** Takes the options of one route; where there are none, the empty object. */
export function readRoute<C extends object>(value: C | undefined, known: readonly (keyof C & string)[]): C {
  const given = value ?? ({} as C)
  readRecord(given, '', known)
  return given
}

/**
 * Runs what validates options of the kit, and names what it finds by the names that the options have here: `rename`
 * gives them, or undefined for one of `kit`.
 */
export function underOwnNames<T>(rename: (option: string) => string | undefined, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { option, message } = error
    throw new ConfigError(rename(option) ?? `kit.${option}`, message.slice(option.length + 2))
  }
}
