import { ConfigError } from '../options/config-error.ts'
import { readRecord, readText, readTexts } from '../options/fields.ts'

/** Takes a preset's options: an object whose every member is known. */
export function readPreset(value: unknown, preset: string, known: readonly string[]): Record<string, unknown> {
  return readRecord(value, preset, known)
}

/** A DNS name, without scheme and path: what providers call their domain. */
export function readDomain(value: unknown, path: string): string {
  const domain = readText(value, path)
  if (!/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$/i.test(domain)) {
    throw new ConfigError(path, 'must be a host name such as tenant.example.com, without https:// and without a path')
  }
  return domain.toLowerCase()
}

/** One segment of a path: a tenant, a pool, a realm. */
export function readSegment(value: unknown, path: string): string {
  const segment = readText(value, path)
  if (!/^[\w.~-]+$/.test(segment) || /^\.+$/.test(segment)) {
    throw new ConfigError(path, 'must be one name of letters, digits, "-", "_" and "."')
  }
  return segment
}

/** At least one name. */
export function readNames(value: unknown, path: string): readonly string[] {
  const names = typeof value === 'string' ? [readText(value, path)] : readTexts(value, path)
  if (names === undefined) throw new ConfigError(path, 'must be a string or a list of strings')
  return names
}
