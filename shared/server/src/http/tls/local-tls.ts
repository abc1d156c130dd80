import { join, resolve } from 'node:path'
import type { Clock } from '@postern/core'
import type { Settings } from '../../config/settings.ts'
import type { PairFiles } from './pair.ts'

/** Where `--https` keeps what it makes. */
export interface LocalTlsFiles {
  /** The certificate of the authority: what clients are to trust. */
  readonly authority: string
  /** The authority's certificate and key. */
  readonly authorityPair: string
  /** The server's certificate and key. */
  readonly server: string
}

export function localTlsFiles(dataDir: string): LocalTlsFiles {
  const file = (name: string): string => join(dataDir, 'tls', name)
  return { authority: file('ca.pem'), authorityPair: file('authority.pem'), server: file('server.pem') }
}

/** The authority to trust where a server's certificate is one that `--https` made. */
export function localAuthorityOf({ dataDir, tls }: Pick<Settings, 'dataDir' | 'tls'>): string | undefined {
  const { authority, server } = localTlsFiles(dataDir)
  return tls !== undefined && resolve(tls.cert) === resolve(server) ? authority : undefined
}

export interface LocalTlsOptions {
  readonly dataDir: string
  /** Names and addresses beside localhost, 127.0.0.1 and ::1. */
  readonly hosts: readonly string[]
  readonly clock?: Clock
}

/**
 * Makes a local certificate authority, once, and a server certificate for the names, anew when they have changed or when
 * it is near its end. The authority can sign for nothing but those names; it is never replaced, for people trust it.
 *
 * Processes that start at once agree on one authority.
 *
 * @returns what POSTERN_TLS_CERT and POSTERN_TLS_KEY are to be
 * @throws StartError `tls` when the authority does not do any more, `data_folder` or `secret_file`
 */
export async function ensureLocalTls(options: LocalTlsOptions): Promise<PairFiles> {
  // Loaded only here: what writes certificates takes a while to load, and few starts need it.
  const { ensurePair } = await import('./local-authority.ts')
  return await ensurePair(options, localTlsFiles(options.dataDir))
}
