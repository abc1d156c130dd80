import { type Clock, systemClock } from '@postern/core'
import type { Logger } from 'pino'
import { hostOf } from '../../config/addresses.ts'
import type { Settings } from '../../config/settings.ts'
import { limits } from '../../limits.ts'
import { errorText } from '../../start-error.ts'
import { type Named, type Pair, type PairFiles, readPair } from './pair.ts'

/** The certificate of a server, kept up to date with its files. */
export interface Tls {
  current(): Pair
  /** Calls the listener with each new pair; gives what ends that. */
  subscribe(listener: (pair: Pair) => void): () => void
  /** Reads the files again; whether there was a new pair. One that cannot be used is logged, and the old one stays. */
  refresh(): Promise<boolean>
  close(): void
}

type TlsSettings = Pick<Settings, 'role' | 'publicUrl' | 'tls'>

/**
 * Reads what POSTERN_TLS_CERT and POSTERN_TLS_KEY name, and looks every minute whether they hold something new, so that
 * a renewed certificate needs no restart. Undefined where they are not set.
 *
 * @throws StartError `tls`, naming the variable and the mend
 */
export async function loadTls(
  { tls: files, role, publicUrl }: TlsSettings,
  { log, clock = systemClock }: { readonly log: Logger; readonly clock?: Clock },
): Promise<Tls | undefined> {
  if (files === undefined) return undefined
  const named = { host: hostOf(publicUrl), variable: role === 'idp' ? 'POSTERN_IDP_URL' : 'POSTERN_GATEWAY_URL' }
  return watch(files, named, await readPair(files, named, clock.now()), log, clock)
}

function watch(files: PairFiles, named: Named, first: Pair, log: Logger, clock: Clock): Tls {
  let pair = first
  let problem = ''
  const listeners = new Set<(pair: Pair) => void>()
  const timer = setInterval(() => void refresh(), limits.tlsRefresh).unref()
  return {
    current: () => pair,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    refresh,
    close: () => clearInterval(timer),
  }

  async function refresh(): Promise<boolean> {
    try {
      const read = await readPair(files, named, clock.now())
      problem = ''
      if (read.certificate === pair.certificate && read.key === pair.key) return false
      pair = read
      for (const listener of listeners) listener(pair)
      log.info({ file: files.cert }, 'the certificate was replaced')
      return true
    } catch (error) {
      // Said once, not every minute: two files are seldom renewed at the same moment.
      const text = errorText(error)
      if (text !== problem) log.warn({ problem: text }, 'the certificate stays as it was')
      problem = text
      return false
    }
  }
}
