import type { ScopeHierarchy } from '@postern/core'
import type { RequiredScopes } from '../requirement.ts'
import { ConfigError } from './config-error.ts'
import { isRecord, readRecord, readScope, readScopes } from './fields.ts'

/** Reads scopes that are required: a list, or `{ anyOf: list }`. */
export function readRequiredScopes(value: RequiredScopes | undefined, path: string): RequiredScopes {
  if (value === undefined || Array.isArray(value)) return readScopes(value, path)
  if (!isRecord(value)) throw new ConfigError(path, "must be a list of scopes, such as ['read'], or { anyOf: list }")
  const { anyOf } = readRecord(value, path, ['anyOf'])
  const scopes = readScopes(anyOf, `${path}.anyOf`)
  if (scopes.length === 0) throw new ConfigError(`${path}.anyOf`, 'must have at least one scope')
  return { anyOf: scopes }
}

/** Reads `scopeHierarchy`. */
export function readHierarchy(value: unknown): ScopeHierarchy {
  if (value === undefined) return {}
  if (!isRecord(value)) throw new ConfigError('scopeHierarchy', 'must be an object of scopes and the lists they imply')
  return Object.fromEntries(
    Object.entries(value).map(([scope, implied]) => {
      const path = `scopeHierarchy.${scope}`
      return [readScope(scope, path), readScopes(implied ?? null, path)]
    }),
  )
}
