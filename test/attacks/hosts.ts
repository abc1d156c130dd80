import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import type { AuthInfo, GuardOptions, ResourceServer, ResourceServerOptions } from '@postern/resource-server'
import { type SeenResponse, seen } from '@postern/resource-server/testing'
import { apps, type Behind, listen } from '../frameworks.ts'

export interface Attack {
  /** Default POST. */
  readonly method?: string
  /** Path and query. Default /mcp. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
}

/** A resource server inside an application of some framework. */
export interface Host {
  send(attack: Attack): Promise<SeenResponse>
  /** The callers for whom the handler behind the guard ran, in their order. */
  readonly callers: readonly AuthInfo[]
  /** Where it listens; absent where it does not. */
  readonly port?: number
  /** Whether the kit sees there at which address its caller is. */
  readonly seesPeers: boolean
  close(): Promise<void>
}

/** Puts a resource server into an application: metadata, a guard, and a handler that takes down its caller. */
export type StartHost = (
  rs: ResourceServer,
  guard: GuardOptions | undefined,
  options: ResourceServerOptions,
) => Promise<Host>

/** No framework at all: what a server of its own makes of `rs`. */
const bare: StartHost = async (rs, guard) => {
  const callers: AuthInfo[] = []
  return {
    callers,
    seesPeers: false,
    async send({ method = 'POST', path = '/mcp', headers = {}, body }) {
      const { host, ...sent } = headers
      const url = new URL(path, rs.resource)
      // A runtime makes the URL of the Host header.
      if (host !== undefined) url.host = host.toString()
      const init = { method, headers: toHeaders(sent), ...(body === undefined ? {} : { body }) }
      const request = new Request(url, init)
      const metadata = rs.metadata(request)
      if (metadata !== undefined) return seen(metadata)
      if (url.pathname !== '/mcp') return { status: 404, headers: {}, body: '' }
      const auth = await rs.authenticate(request, guard)
      if (auth instanceof Response) return seen(auth)
      callers.push(auth)
      return { status: 200, headers: {}, body: auth.subject }
    },
    close: async () => undefined,
  }
}

/** Handlers that take down who called. */
export function recordCallers(): { readonly callers: AuthInfo[]; readonly behind: Behind } {
  const callers: AuthInfo[] = []
  const behind: Behind = {
    node(_req, res, auth) {
      callers.push(auth)
      res.writeHead(200).end(auth.subject)
    },
    web(_request, auth) {
      callers.push(auth)
      return new Response(auth.subject)
    },
  }
  return { callers, behind }
}

/** An application of `apps`, by its name. */
export function startApp(name: string): StartHost {
  return async (rs, guard) => {
    const { callers, behind } = recordCallers()
    const { port, close } = await listen(apps[name]?.(rs, guard, behind))
    return {
      callers,
      port,
      seesPeers: isNodeRequest[name] ?? assert.fail(name),
      send: (attack) => sendOver(port, attack),
      close,
    }
  }
}

/** Is the request one of Node's, which has a connection with an address at its other end? A fetch `Request` has none. */
const isNodeRequest: Readonly<Record<string, boolean>> = {
  node: true,
  express: true,
  'express, parser behind': true,
  'express, parser before': true,
  'express 4': true,
  koa: true,
  fastify: true,
  hono: false,
  next: false,
  fetch: false,
}

// A body parser makes no difference to what is attacked here, but for K17, which parsers.test.ts is about.
const names = Object.keys(apps).filter((name) => !name.includes('parser'))

export const hosts: Readonly<Record<string, StartHost>> = {
  'rs.authenticate': bare,
  ...Object.fromEntries(names.map((name) => [name, startApp(name)])),
}

function toHeaders(headers: NonNullable<Attack['headers']>): Headers {
  const result = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const item of typeof value === 'string' ? [value] : value) result.append(name, item)
  }
  return result
}

/** Over Node's own client, which sends headers as they are; fetch would join, drop or forbid some of them. */
export function sendOver(
  port: number,
  { method = 'POST', path = '/mcp', headers = {}, body }: Attack,
): Promise<SeenResponse> {
  return new Promise((resolve, reject) => {
    const lines = Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]])
    const options = { host: '127.0.0.1', port, agent: false, method, path, headers: Object.fromEntries(lines) }
    const sending = httpRequest(options, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      res.on('end', () => {
        const seenHeaders = Object.entries(res.headers).map(([name, value]) => [name, value?.toString()] as const)
        resolve({ status: res.statusCode ?? 0, headers: Object.fromEntries(seenHeaders), body: text })
      })
    })
    sending.on('error', reject).end(body)
  })
}
