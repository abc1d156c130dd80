import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AuthInfo, type GuardOptions, isAuthInfo, type ResourceServer } from '@postern/resource-server'
import * as expressKit from '@postern/resource-server/express'
import * as koaKit from '@postern/resource-server/koa'
import * as nodeKit from '@postern/resource-server/node'
import { type SeenResponse, seen } from '@postern/resource-server/testing'
import express from 'express'
import Koa from 'koa'

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
  close(): Promise<void>
}

/** Puts a resource server into an application: metadata, a guard, and a handler that takes down its caller. */
export type StartHost = (rs: ResourceServer, guard?: GuardOptions) => Promise<Host>

export const hosts: Readonly<Record<string, StartHost>> = {
  fetch: async (rs, guard) => {
    const callers: AuthInfo[] = []
    return {
      callers,
      async send({ method = 'POST', path = '/mcp', headers = {}, body }) {
        const url = new URL(path, rs.resource)
        const request = new Request(url, {
          method,
          headers: toHeaders(headers),
          ...(body === undefined ? {} : { body }),
        })
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
  },
  express: (rs, guard) =>
    listen((callers) =>
      express()
        .use(expressKit.metadata(rs))
        .all('/mcp', expressKit.guard(rs, guard), (req, res) => {
          callers.push(expressKit.authOf(req))
          res.end(expressKit.authOf(req).subject)
        }),
    ),
  koa: (rs, guard) =>
    listen((callers) =>
      new Koa()
        .use(koaKit.metadata(rs))
        .use((ctx, next) => (ctx.path === '/mcp' ? next() : undefined))
        .use(koaKit.guard(rs, guard))
        .use((ctx) => {
          const { auth } = ctx.state
          if (!isAuthInfo(auth)) throw new TypeError('the guard let somebody pass without auth')
          callers.push(auth)
          ctx.body = auth.subject
        })
        .callback(),
    ),
  node: (rs, guard) =>
    listen((callers) => {
      const metadata = nodeKit.metadata(rs)
      const check = nodeKit.guard(rs, guard)
      return (req, res) =>
        metadata(req, res, () => {
          if (new URL(req.url ?? '/', rs.resource).pathname !== '/mcp') {
            res.writeHead(404).end()
            return
          }
          check(req, res, () => {
            callers.push(nodeKit.authOf(req))
            res.end(nodeKit.authOf(req).subject)
          })
        })
    }),
}

function toHeaders(headers: NonNullable<Attack['headers']>): Headers {
  const result = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const item of typeof value === 'string' ? [value] : value) result.append(name, item)
  }
  return result
}

async function listen(listenerOf: (callers: AuthInfo[]) => RequestListener): Promise<Host> {
  const callers: AuthInfo[] = []
  // Room for a token above the kit's own limit, so that the kit is what refuses it.
  const server = createServer({ maxHeaderSize: 64 * 1024 }, listenerOf(callers))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    callers,
    send: (attack) => sendOver(port, attack),
    close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      server.closeAllConnections()
      return closed
    },
  }
}

/** Over Node's own client, which sends headers as they are; fetch would join, drop or forbid some of them. */
function sendOver(port: number, { method = 'POST', path = '/mcp', headers = {}, body }: Attack): Promise<SeenResponse> {
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
