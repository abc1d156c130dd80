import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { limits } from '../limits.ts'
import { errorCode, errorText, StartError } from '../start-error.ts'
import type { NodeHandler } from './node-handler.ts'
import type { Tls } from './tls/tls.ts'

export interface ListenOptions {
  /** An address or a name; 127.0.0.1 and ::1 when absent or `localhost`. */
  host?: string
  /** 0 takes any that is free. */
  port: number
  /** Names the setting of the port in an error; `POSTERN_IDP_PORT`. */
  setting?: string
  /** Listens for https instead of http; new certificates are taken up as they come. */
  tls?: Tls | undefined
}

export interface Listener {
  port: number
  /** The addresses that are listened on. */
  hosts: string[]
  /** `http://localhost:4700`, or with the host that was given, or https. */
  url: string
  /**
   * Stops accepting, waits up to `graceMs` for what is in flight, then breaks off the rest. Idle connections end at once.
   */
  close(graceMs?: number): Promise<void>
}

/** How often a free port is tried that turns out to be taken on the second address. */
const attempts = 20

/**
 * Starts to listen. Without a host on both loopback addresses, for `localhost` may mean either.
 *
 * @throws StartError `port_busy` or `listen_failed`
 */
export async function listen(handler: NodeHandler, options: ListenOptions): Promise<Listener> {
  const { host, port, tls } = options
  const scheme = tls === undefined ? 'http' : 'https'
  if (host !== undefined && host !== 'localhost') {
    const server = await start(handler, host, port, options)
    return asListener([server], [host], portOf(server), `${scheme}://${urlHost(host)}`)
  }
  for (let attempt = 1; ; attempt += 1) {
    const first = await start(handler, '127.0.0.1', port, options)
    try {
      const second = await start(handler, '::1', portOf(first), options)
      return asListener([first, second], ['127.0.0.1', '::1'], portOf(first), `${scheme}://localhost`)
    } catch (error) {
      if (isWithoutIpv6(error)) return asListener([first], ['127.0.0.1'], portOf(first), `${scheme}://localhost`)
      await stop(first)
      if (port !== 0 || attempt === attempts) throw error
    }
  }
}

type AnyServer = Server | TlsServer

async function start(handler: NodeHandler, host: string, port: number, options: ListenOptions): Promise<AnyServer> {
  const server = create(options.tls)
  server.on('request', (req, res) => void handler(req, res))
  server.on('clientError', refuseMalformed)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(asStartError(error, host, port, options.setting ?? 'the port')))
    server.listen({ host, port, exclusive: true }, resolve)
  })
  return server
}

function create(tls: Tls | undefined): AnyServer {
  const bounds = {
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    maxHeaderSize: limits.headersBytes,
  }
  if (tls === undefined) return createServer(bounds)
  const { certificate, key } = tls.current()
  const server = createTlsServer({
    ...bounds,
    cert: certificate,
    key,
    minVersion: tlsVersion,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.tlsHandshakeTimeout,
  })
  const release = tls.subscribe((pair) => {
    server.setSecureContext({ cert: pair.certificate, key: pair.key, minVersion: tlsVersion })
  })
  server.once('close', release)
  return server
}

const tlsVersion = 'TLSv1.2'

function asStartError(error: unknown, host: string, port: number, setting: string): StartError {
  const code = errorCode(error)
  if (code === 'EADDRINUSE') {
    const mend = `stop what listens there, or set ${setting} to another port (0 takes any)`
    return new StartError('port_busy', `port ${port} on ${host} is in use; ${mend}`, { cause: error })
  }
  if (code === 'EACCES') {
    const mend = `set ${setting} to a port above 1023`
    return new StartError('listen_failed', `this user may not listen on port ${port}; ${mend}`, { cause: error })
  }
  const reason = code || errorText(error)
  return new StartError('listen_failed', `cannot listen on ${host} port ${port} (${reason}); correct POSTERN_HOST`, {
    cause: error,
  })
}

function isWithoutIpv6(error: unknown): boolean {
  const cause = error instanceof StartError ? errorCode(error.cause) : ''
  return cause === 'EADDRNOTAVAIL' || cause === 'EAFNOSUPPORT'
}

/** Bytes that are no HTTP never reach a handler. */
function refuseMalformed(error: Error, socket: Socket): void {
  const code = errorCode(error)
  // Where the connection or its handshake broke there is nothing that an answer could go through.
  if (!/^(HPE|ERR_HTTP)_/.test(code) || !socket.writable) return void socket.destroy()
  const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function portOf(server: AnyServer): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function asListener(servers: readonly AnyServer[], hosts: string[], port: number, name: string): Listener {
  const closers = servers.map(prepareClose)
  let closing: Promise<void> | undefined
  return {
    port,
    hosts,
    url: `${name}:${port}`,
    close(graceMs = limits.closeGrace) {
      closing ??= Promise.all(closers.map((close) => close(graceMs))).then(() => {})
      return closing
    },
  }
}

/** Watches the connections of a server from the start, so that it can be closed without waiting for idle ones. */
function prepareClose(server: AnyServer): (graceMs: number) => Promise<void> {
  // By the other end's address: with TLS the socket of a request is another object than that of its connection.
  const unused = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    unused.set(peer, socket)
    socket.once('close', () => {
      if (unused.get(peer) === socket) unused.delete(peer)
    })
  })
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    unused.delete(peerOf(req.socket))
    res.once('close', () => {
      // Only now is its connection idle, and a closing server wants those gone.
      if (!server.listening) setImmediate(() => server.closeIdleConnections())
    })
  })
  return async (graceMs) => {
    const ended = stop(server)
    for (const socket of unused.values()) socket.destroy()
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await ended.finally(() => clearTimeout(timer))
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

function stop(server: AnyServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
