import { isLoopbackHost } from '@postern/core'

/** An http URI on loopback, apart from its port; undefined for any other. */
interface LoopbackUri {
  readonly host: string
  /** Path and query as written. */
  readonly rest: string
}

const loopbackParts = /^http:\/\/([a-z0-9.-]+|\[::1\])(?::(\d{1,5}))?((?:[/?][^#]*)?)$/
const highestPort = 65_535

/**
 * Is a redirect URI that was sent one of those registered? Compared as strings (RFC 9700 §2.1), but for the port of http
 * on loopback, which a native application gets from its system only when it starts to listen (RFC 8252 §7.3). Hosts
 * stay apart: `localhost` is not `127.0.0.1`.
 */
export function matchesRedirect(registered: readonly string[], sent: string): boolean {
  if (registered.includes(sent)) return true
  const loopback = loopbackUri(sent)
  if (loopback === undefined) return false
  return registered.some((uri) => {
    const known = loopbackUri(uri)
    return known !== undefined && known.host === loopback.host && known.rest === loopback.rest
  })
}

function loopbackUri(uri: string): LoopbackUri | undefined {
  const [, host, port, rest = ''] = loopbackParts.exec(uri) ?? []
  if (host === undefined || !isLoopbackHost(host) || Number(port ?? 1) > highestPort || Number(port ?? 1) < 1) {
    return undefined
  }
  return { host, rest }
}
