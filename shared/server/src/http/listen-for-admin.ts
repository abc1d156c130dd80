import { isLoopbackHost } from '@postern/core'
import type { Settings } from '../config/settings.ts'
import { type Listener, listen } from './listen.ts'
import type { NodeHandler } from './node-handler.ts'
import type { Tls } from './tls/tls.ts'

/**
 * Listens where the management API is in production; undefined in development, where it is on the one port. On loopback
 * it is plain http, for the certificate is for the public name; anywhere else the admin token never travels in the clear
 * when there is a certificate.
 *
 * @throws StartError `port_busy` or `listen_failed`
 */
export async function listenForAdmin(
  { adminListen }: Pick<Settings, 'adminListen'>,
  handler: NodeHandler,
  tls?: Tls,
): Promise<Listener | undefined> {
  if (adminListen === undefined) return undefined
  const secured = isLoopbackHost(adminListen.host) ? undefined : tls
  return await listen(handler, { ...adminListen, setting: 'POSTERN_ADMIN_LISTEN', tls: secured })
}
