import { suggest } from '../contract/suggest.ts'

/** Every variable of the contract. */
export const variables = [
  'POSTERN_MODE',
  'POSTERN_CONFIG',
  'POSTERN_DATA_DIR',
  'POSTERN_DATABASE_URL',
  'POSTERN_HOST',
  'POSTERN_IDP_PORT',
  'POSTERN_GATEWAY_PORT',
  'POSTERN_IDP_URL',
  'POSTERN_GATEWAY_URL',
  'POSTERN_IDP_INTERNAL_URL',
  'POSTERN_TLS_CERT',
  'POSTERN_TLS_KEY',
  'POSTERN_ADMIN_TOKEN',
  'POSTERN_ADMIN_LISTEN',
  'POSTERN_ENCRYPTION_KEY',
  'POSTERN_ACCESS_KEY_ID',
  'POSTERN_SECRET_ACCESS_KEY',
  'POSTERN_SHOW_SECRETS_AGAIN',
  'POSTERN_LOG_LEVEL',
  'POSTERN_MAX_ALLOWED_CLIENTS',
  'POSTERN_MAX_PROCESSES',
  'POSTERN_MAX_PROCESS_MEMORY_MB',
  'POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS',
] as const
export type Variable = (typeof variables)[number]

export type Environment = Readonly<Record<string, string | undefined>>

/** The value of a variable; one that is set to nothing counts as absent, for compose files write `${X:-}`. */
export function valueIn(env: Environment, variable: Variable): string | undefined {
  const value = env[variable]?.trim()
  return value === '' ? undefined : value
}

const prefix = 'POSTERN_'

/** A sentence for every POSTERN_ variable that nobody reads. */
export function unknownVariables(env: Environment): string[] {
  const known: ReadonlySet<string> = new Set(variables)
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.has(name))
    .sort()
    .map((name) => {
      const near = suggest(
        name.slice(prefix.length),
        variables.map((one) => one.slice(prefix.length)),
      )
      return `${name} is no setting and is ignored${near === undefined ? '' : `; did you mean ${prefix}${near}?`}`
    })
}
