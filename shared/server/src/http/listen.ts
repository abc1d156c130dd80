import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { limits } from '../limits.ts'
import { errorCode, errorText, StartError } from '../start-error.ts'
import type { NodeHandler } from './node-handler.ts'

export interface ListenOptions {
  /** An address or a name; 127.0.0.1 and ::1 when absent or `localhost`. */
  host?: string
  /** 0 takes any that is free. */
  port: number
  /** Names the setting of the port in an error; `POSTERN_IDP_PORT`. */
  setting?: string
}

export interface Listener {
  port: number
  /** The addresses that are listened on. */
  hosts: string[]
  /** `http://localhost:4700`, or with the host that was given. */
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
  const { host, port, setting = 'the port' } = options
  if (host !== undefined && host !== 'localhost') {
    const server = await start(handler, host, port, setting)
    return asListener([server], [host], portOf(server), urlHost(host))
  }
  for (let attempt = 1; ; attempt += 1) {
    const first = await start(handler, '127.0.0.1', port, setting)
    try {
      const second = await start(handler, '::1', portOf(first), setting)
      return asListener([first, second], ['127.0.0.1', '::1'], portOf(first), 'localhost')
    } catch (error) {
      if (isWithoutIpv6(error)) return asListener([first], ['127.0.0.1'], portOf(first), 'localhost')
      await stop(first)
      if (port !== 0 || attempt === attempts) throw error
    }
  }
}

async function start(handler: NodeHandler, host: string, port: number, setting: string): Promise<Server> {
  const server = createServer({
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    maxHeaderSize: limits.headersBytes,
  })
  server.on('request', (req, res) => void handler(req, res))
  server.on('clientError', refuseMalformed)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(asStartError(error, host, port, setting)))
    server.listen({ host, port, exclusive: true }, resolve)
  })
  return server
}

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
function refuseMalformed(error: Error, socket: Socket | NodeJS.WritableStream): void {
  if (errorCode(error) === 'ECONNRESET' || !socket.writable) return
  const status = errorCode(error) === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function asListener(servers: readonly Server[], hosts: string[], port: number, name: string): Listener {
  const closers = servers.map(prepareClose)
  let closing: Promise<void> | undefined
  return {
    port,
    hosts,
    url: `http://${name}:${port}`,
    close(graceMs = limits.closeGrace) {
      closing ??= Promise.all(closers.map((close) => close(graceMs))).then(() => {})
      return closing
    },
  }
}

/** Watches the connections of a server from the start, so that it can be closed without waiting for idle ones. */
function prepareClose(server: Server): (graceMs: number) => Promise<void> {
  const unused = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    unused.delete(req.socket)
    res.once('close', () => {
      // Only now is its connection idle, and a closing server wants those gone.
      if (!server.listening) setImmediate(() => server.closeIdleConnections())
    })
  })
  return async (graceMs) => {
    const ended = stop(server)
    for (const socket of unused) socket.destroy()
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await ended.finally(() => clearTimeout(timer))
  }
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
