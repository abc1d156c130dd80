import { Failure } from './failure.ts'
import { callServer, isRecord } from './rest.ts'
import { findServers, type ServerOptions } from './servers.ts'
import { type Terminal, withProgress } from './terminal.ts'

export interface TokenOptions extends ServerOptions {
  readonly pool: string
  readonly resource?: string
  readonly scope?: readonly string[]
  readonly ttl?: number
  readonly json?: boolean
}

/** `postern token`: has the identity provider mint an access token for a client, and prints it and nothing else. */
export async function tokenVerb(clientId: string, options: TokenOptions, terminal: Terminal): Promise<void> {
  const { idp } = await findServers(options, terminal.env)
  const body = {
    clientId,
    ...(options.resource === undefined ? {} : { resource: options.resource }),
    ...(options.scope === undefined ? {} : { scopes: options.scope }),
    ...(options.ttl === undefined ? {} : { ttl: options.ttl }),
  }
  const path = `/user-pools/${encodeURIComponent(options.pool)}/tokens`
  const call = callServer(idp, { method: 'POST', path, body }, terminal.env)
  const minted = await withProgress(terminal, `Asking ${idp.url} for a token`, call)
  if (!isRecord(minted) || typeof minted['accessToken'] !== 'string') {
    throw new Failure('failed', `${idp.url} answered without an access token; is it the same version of Postern?`)
  }
  terminal.out(options.json ? JSON.stringify(minted, null, 2) : minted['accessToken'])
}
