import { join, resolve } from 'node:path'
import { limits } from '../limits.ts'
import type { LogLevel } from '../logs/logger.ts'
import type { Role } from '../logs/metrics.ts'
import { StartError } from '../start-error.ts'
import { type Address, readAddress, readHost, readOrigin, readPort } from './addresses.ts'
import { contradictions, isLoopbackUrl } from './contradictions.ts'
import { refuseInProduction } from './production.ts'
import {
  type Mode,
  type Reader,
  readAdminToken,
  readCount,
  readDatabaseUrl,
  readEncryptionKey,
  readInternalUrl,
  readLogLevel,
  readMode,
} from './readers.ts'
import { type Environment, unknownVariables, type Variable, valueIn } from './variables.ts'

export interface Settings {
  mode: Mode
  role: Role
  /** Seed file. */
  config?: string
  /** Absolute. */
  dataDir: string
  databaseUrl: string
  /** Both loopback addresses when absent. */
  host?: string
  port: number
  /** The server's own public origin, without a slash at its end. */
  publicUrl: string
  idpUrl: string
  gatewayUrl: string
  idpInternalUrl?: string
  adminToken?: string
  /** Where the management API listens; production only. */
  adminListen?: Address
  encryptionKey?: Uint8Array
  logLevel: LogLevel
  maxAllowedClients: number
  maxProcesses: number
  /** Sentences to print: settings that nobody reads. */
  warnings: string[]
}

const adminPorts: Record<Role, number> = { idp: 4710, gateway: 4711 }

/**
 * Reads every POSTERN_ variable.
 *
 * @throws StartError `setting`; a sentence for each mistake, a line each, which names the variable and the mend
 */
export function readSettings(env: Environment, role: Role): Settings {
  const mistakes: string[] = []
  const attempt = createAttempts(env, mistakes)
  const ports = {
    idp: attempt('POSTERN_IDP_PORT', readPort, 4700),
    gateway: attempt('POSTERN_GATEWAY_PORT', readPort, 4701),
  }
  const idpUrl = attempt('POSTERN_IDP_URL', readOrigin, `http://localhost:${ports.idp}`)
  const gatewayUrl = attempt('POSTERN_GATEWAY_URL', readOrigin, `http://localhost:${ports.gateway}`)
  const dataDir = resolve(valueIn(env, 'POSTERN_DATA_DIR') ?? 'data')
  const mode = attempt('POSTERN_MODE', readMode, defaultMode(idpUrl, gatewayUrl))
  const adminListen = attempt('POSTERN_ADMIN_LISTEN', readAddress, { host: '127.0.0.1', port: adminPorts[role] })
  const settings: Settings = {
    mode,
    role,
    dataDir,
    databaseUrl: attempt('POSTERN_DATABASE_URL', readDatabaseUrl, `sqlite:${join(dataDir, role, `${role}.db`)}`),
    port: ports[role],
    publicUrl: role === 'idp' ? idpUrl : gatewayUrl,
    idpUrl,
    gatewayUrl,
    logLevel: attempt('POSTERN_LOG_LEVEL', readLogLevel, 'info'),
    maxAllowedClients: attempt('POSTERN_MAX_ALLOWED_CLIENTS', readCount(limits.allowedClients), 5),
    maxProcesses: attempt('POSTERN_MAX_PROCESSES', readCount(limits.processes), 8),
    warnings: [...unknownVariables(env), ...uselessVariables(env, mode)],
    ...present('config', valueIn(env, 'POSTERN_CONFIG')),
    ...present('host', attempt('POSTERN_HOST', readHost, undefined)),
    ...present('idpInternalUrl', attempt('POSTERN_IDP_INTERNAL_URL', readInternalUrl, undefined)),
    ...present('adminToken', attempt('POSTERN_ADMIN_TOKEN', readAdminToken, undefined)),
    ...present('encryptionKey', attempt('POSTERN_ENCRYPTION_KEY', readEncryptionKey, undefined)),
    ...(mode === 'production' ? { adminListen } : {}),
  }
  if (mistakes.length === 0) mistakes.push(...contradictions(settings))
  if (mistakes.length === 0 && mode === 'production') mistakes.push(...refuseInProduction(settings))
  if (mistakes.length > 0) throw new StartError('setting', mistakes.join('\n'))
  return settings
}

/** Puts the port that was taken into the public URL, where the settings asked for any port (0). */
export function withPort(settings: Settings, port: number): Settings {
  const fill = (url: string): string => (new URL(url).port === '0' ? url.replace(/:0$/, `:${port}`) : url)
  const publicUrl = fill(settings.publicUrl)
  const own = settings.role === 'idp' ? { idpUrl: publicUrl } : { gatewayUrl: publicUrl }
  return { ...settings, port, publicUrl, ...own }
}

function createAttempts(env: Environment, mistakes: string[]) {
  return <T, A extends T | undefined>(variable: Variable, read: Reader<T>, absent: A): T | A => {
    const text = valueIn(env, variable)
    if (text === undefined) return absent
    const result = read(text)
    if ('value' in result) return result.value
    mistakes.push(`${variable} ${result.mistake}`)
    return absent
  }
}

function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  const result: Partial<Record<K, V>> = {}
  if (value !== undefined) result[key] = value
  return result
}

function defaultMode(idpUrl: string, gatewayUrl: string): Mode {
  return [idpUrl, gatewayUrl].every(isLoopbackUrl) ? 'development' : 'production'
}

function uselessVariables(env: Environment, mode: Mode): string[] {
  if (mode === 'production' || valueIn(env, 'POSTERN_ADMIN_LISTEN') === undefined) return []
  return ['POSTERN_ADMIN_LISTEN is for production; in development the management API is on the one port']
}
