import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLoopbackHost } from '@postern/core'
import { localTlsFiles, trustAuthority } from '@postern/server'
import { Failure } from './failure.ts'
import { speaksTls } from './speaks-tls.ts'
import type { Terminal } from './terminal.ts'

/** Where a management API is and what opens it. */
export interface Server {
  readonly name: 'identity provider' | 'gateway'
  readonly url: string
  /** undefined: none was found; the server will say so. */
  readonly adminToken: string | undefined
}

/** The options that every verb which speaks to a server takes. */
export interface ServerOptions {
  readonly idpUrl?: string
  readonly gatewayUrl?: string
  readonly adminToken?: string
}

type Env = Terminal['env']

/**
 * The management APIs from the options, else the POSTERN_ variables, else the defaults of the contract. From then on this
 * process trusts the authority that `serve --https` has made in the data folder.
 */
export async function findServers(options: ServerOptions, env: Env): Promise<{ idp: Server; gateway: Server }> {
  const adminToken = options.adminToken ?? (env['POSTERN_ADMIN_TOKEN'] || undefined) ?? readAdminToken(env)
  const idpUrl = options.idpUrl ?? (env['POSTERN_IDP_INTERNAL_URL'] || undefined) ?? (await defaultUrl(env, 'IDP'))
  const gatewayUrl = options.gatewayUrl ?? (await defaultUrl(env, 'GATEWAY'))
  if (`${idpUrl} ${gatewayUrl}`.includes('https:')) await trustAuthority(localTlsFiles(dataFolder(env)).authority)
  return {
    idp: { name: 'identity provider', url: checkOrigin('--idp-url', idpUrl, env), adminToken },
    gateway: { name: 'gateway', url: checkOrigin('--gateway-url', gatewayUrl, env), adminToken },
  }
}

/** The folder of the servers' data, as they see it. */
export function dataFolder(env: Env): string {
  return env['POSTERN_DATA_DIR'] || 'data'
}

/** Where a generated admin token is kept. */
export function adminTokenFile(env: Env): string {
  return join(dataFolder(env), 'admin-token')
}

function readAdminToken(env: Env): string | undefined {
  try {
    return readFileSync(adminTokenFile(env), 'utf8').trim()
  } catch {
    return undefined
  }
}

const ports = { IDP: { port: '4700', admin: '4710' }, GATEWAY: { port: '4701', admin: '4711' } }

async function defaultUrl(env: Env, role: 'IDP' | 'GATEWAY'): Promise<string> {
  if (env['POSTERN_MODE'] === 'production') return `http://127.0.0.1:${ports[role].admin}`
  const url = env[`POSTERN_${role}_URL`]
  if (url) return url
  const port = env[`POSTERN_${role}_PORT`] || ports[role].port
  const secured = env['POSTERN_TLS_CERT'] || (await speaksTls(Number(port), localTlsFiles(dataFolder(env)).authority))
  return `${secured ? 'https' : 'http'}://localhost:${port}`
}

function checkOrigin(option: string, text: string, env: Env): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Failure('usage', `${option}: '${text}' is not a URL; give an origin such as http://localhost:4700`)
  }
  const internal = env['POSTERN_IDP_INTERNAL_URL']
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname) && text !== internal) {
    throw new Failure('usage', `${option}: ${url.origin} would carry the admin token in the clear; use https`)
  }
  return url.href.replace(/\/$/, '')
}
