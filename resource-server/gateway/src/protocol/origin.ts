import type { IncomingMessage } from 'node:http'
import { isLoopbackHost } from '@postern/core'
import type { ProtocolSettings } from './types.ts'

/** Whether a request may come from where it says it comes from. */
export type OriginCheck = (req: IncomingMessage) => boolean

/**
 * The guard against DNS rebinding (MCP Streamable HTTP, "Security Warning"): a web page whose name was made to resolve
 * to this machine has a foreign Origin, and a foreign Host where the browser sends no Origin. A server that is bound to
 * loopback is only ever called by loopback names or by its public one. Bound to anything else it is meant to be called
 * from elsewhere, and the bearer token, which no browser adds by itself, is what protects it.
 */
export function createOriginCheck({ mode, publicUrl, host }: ProtocolSettings): OriginCheck {
  if (host !== undefined && !isLoopbackHost(host)) return () => true
  const own = new URL(publicUrl)
  const isOwnHost = (value: string): boolean => value === own.host || loopbackHost.test(value)
  const isOwnOrigin = (value: string): boolean =>
    value === own.origin || (mode === 'development' && loopbackOrigin.test(value))
  return ({ headers }) => isOwnHost(headers.host ?? '') && (headers.origin === undefined || isOwnOrigin(headers.origin))
}

const loopbackName = String.raw`(?:localhost|[a-z0-9-]+\.localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?`
const loopbackHost = new RegExp(`^${loopbackName}$`, 'i')
const loopbackOrigin = new RegExp(`^https?://${loopbackName}$`, 'i')
