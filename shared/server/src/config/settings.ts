import { join, resolve } from 'node:path'
import type { PairFiles } from '../http/tls/pair.ts'
import { limits } from '../limits.ts'
import type { LogLevel } from '../logs/logger.ts'
import type { Role } from '../logs/metrics.ts'
import { StartError } from '../start-error.ts'
import type { AccessKey } from '../wire/access-keys.ts'
import { readAccessKey } from './access-key.ts'
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
  readSwitch,
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
  /** Files of the certificate and its key, PEM: the servers listen with TLS. */
  tls?: PairFiles
  adminToken?: string
  /** Where the management API listens; production only. */
  adminListen?: Address
  encryptionKey?: Uint8Array
  /** Signs requests of the originals' API, beside those of the seed file. */
  accessKey?: AccessKey
  /** Keys and secrets of objects that were made through the originals' API are kept sealed, and shown again there. */
  showSecretsAgain: boolean
  logLevel: LogLevel
  maxAllowedClients: number
  maxProcesses: number
  /** Of each process, with what it forks. */
  maxProcessMemoryMb: number
  /** Metadata documents of clients may lie on this machine, over http as well; development only. */
  allowLoopbackClientDocuments: boolean
  /** Sentences to print: settings that nobody reads, and those that loosen something. */
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
  const tls = readTls(env, mistakes)
  const scheme = tls === undefined ? 'http' : 'https'
  const idpUrl = attempt('POSTERN_IDP_URL', readOrigin, `${scheme}://localhost:${ports.idp}`)
  const gatewayUrl = attempt('POSTERN_GATEWAY_URL', readOrigin, `${scheme}://localhost:${ports.gateway}`)
  const dataDir = resolve(valueIn(env, 'POSTERN_DATA_DIR') ?? 'data')
  const mode = attempt('POSTERN_MODE', readMode, defaultMode(idpUrl, gatewayUrl))
  const accessKey = readAccessKey(env, mistakes)
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
    maxProcessMemoryMb: attempt('POSTERN_MAX_PROCESS_MEMORY_MB', readCount(limits.processMemoryMb), 1024),
    showSecretsAgain: attempt('POSTERN_SHOW_SECRETS_AGAIN', readSwitch, true),
    allowLoopbackClientDocuments: attempt('POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS', readSwitch, false),
    warnings: [...unknownVariables(env), ...uselessVariables(env, mode), ...looseVariables(env, role)],
    ...present('config', valueIn(env, 'POSTERN_CONFIG')),
    ...present('host', attempt('POSTERN_HOST', readHost, undefined)),
    ...present('idpInternalUrl', attempt('POSTERN_IDP_INTERNAL_URL', readInternalUrl, undefined)),
    ...present('tls', tls),
    ...present('adminToken', attempt('POSTERN_ADMIN_TOKEN', readAdminToken, undefined)),
    ...present('encryptionKey', attempt('POSTERN_ENCRYPTION_KEY', readEncryptionKey, undefined)),
    ...present('accessKey', accessKey),
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

function readTls(env: Environment, mistakes: string[]): PairFiles | undefined {
  const cert = valueIn(env, 'POSTERN_TLS_CERT')
  const key = valueIn(env, 'POSTERN_TLS_KEY')
  if (cert !== undefined && key !== undefined) return { cert, key }
  if (cert !== undefined) mistakes.push('POSTERN_TLS_CERT needs POSTERN_TLS_KEY beside it: the PEM file of its key')
  if (key !== undefined)
    mistakes.push('POSTERN_TLS_KEY needs POSTERN_TLS_CERT beside it: the PEM file of its certificate')
  return undefined
}

function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  const result: Partial<Record<K, V>> = {}
  if (value !== undefined) result[key] = value
  return result
}

function defaultMode(idpUrl: string, gatewayUrl: string): Mode {
  return [idpUrl, gatewayUrl].every(isLoopbackUrl) ? 'development' : 'production'
}

function looseVariables(env: Environment, role: Role): string[] {
  if (role !== 'idp' || valueIn(env, 'POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS') !== 'true') return []
  return [
    'POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS is on: documents of clients are fetched from this machine, over http as well',
  ]
}

function uselessVariables(env: Environment, mode: Mode): string[] {
  if (mode === 'production' || valueIn(env, 'POSTERN_ADMIN_LISTEN') === undefined) return []
  return ['POSTERN_ADMIN_LISTEN is for production; in development the management API is on the one port']
}
