import { isScopeToken } from '@postern/core'
import { ConfigError } from './config-error.ts'
import { isRecord, readScope } from './fields.ts'
import type { IssuerRules } from './settings.ts'

/** How one issuer's clients ask for a scope; undefined where it says nothing about that one. */
type Advertise = (scope: string) => string | undefined

/** Reads `advertisedScopes`: an object, or a function. */
export function readAdvertised(value: unknown, path: string): Advertise | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'function') {
    return (scope) => {
      const shown: unknown = value(scope)
      if (typeof shown !== 'string' || !isScopeToken(shown))
        throw new ConfigError(path, 'must give one scope for a scope')
      return shown
    }
  }
  if (!isRecord(value)) throw new ConfigError(path, 'must be an object of scopes, or a function')
  const shown = new Map(
    Object.entries(value).map(([scope, as]) => [readScope(scope, path), readScope(as, `${path}.${scope}`)]),
  )
  return (scope) => shown.get(scope)
}

/** Joins what the issuers say. There is one list of scopes for the clients of all of them, so they must not differ. */
export function joinAdvertised(issuers: readonly Pick<IssuerRules, 'advertise'>[]): (scope: string) => string {
  return (scope) => {
    const shown = issuers.flatMap(({ advertise }, index) => {
      const as = advertise?.(scope)
      return as === undefined ? [] : [{ as, index }]
    })
    const other = shown.find(({ as }) => as !== shown[0]?.as)
    if (other !== undefined) {
      throw new ConfigError(
        `issuers[${other.index}].advertisedScopes`,
        `shows the scope ${scope} otherwise than issuers[${shown[0]?.index}]; make them agree`,
      )
    }
    return shown[0]?.as ?? scope
  }
}
