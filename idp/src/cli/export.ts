import { writeSeed } from '@postern/server'
import { Failure } from './failure.ts'
import { callServer, isRecord } from './rest.ts'
import { findServers, type Server, type ServerOptions } from './servers.ts'
import { type Terminal, withProgress } from './terminal.ts'

/** `postern export`: what both servers hold, as one seed file; secrets and keys as hashes. */
export async function exportVerb(
  options: ServerOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const { idp, gateway } = await findServers(options, terminal.env)
  const parts = Promise.all([partOf(idp, terminal.env), partOf(gateway, terminal.env)])
  const seed = Object.assign({}, ...(await withProgress(terminal, 'Exporting', parts)))
  terminal.out(writeSeed(seed, options.json ? 'json' : 'yaml').trimEnd())
}

async function partOf(server: Server, env: Terminal['env']): Promise<Record<string, unknown>> {
  const part = await callServer(server, { method: 'GET', path: '/seed' }, env)
  if (!isRecord(part)) throw new Failure('failed', `${server.url} exported no seed; is it the same version of Postern?`)
  return part
}
