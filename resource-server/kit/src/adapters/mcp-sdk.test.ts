import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { afterEach, test } from 'node:test'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, McpServer as ServerV2 } from '@modelcontextprotocol/server'
import express from 'express'
import Koa from 'koa'
import { createResourceServer, type ResourceServer } from '../resource-server.ts'
import { createFakeIssuer, type FakeIssuer } from '../testing/fake-issuer.ts'
import * as expressKit from './express.ts'
import * as koaKit from './koa.ts'
import * as nodeKit from './node.ts'

const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close()
})

function says(auth: { clientId: string; scopes: string[]; token: string; resource?: URL } | undefined) {
  const { clientId, scopes, resource } = auth ?? {}
  return { content: [{ type: 'text' as const, text: JSON.stringify({ clientId, scopes, resource: resource?.href }) }] }
}

/** A server of the v1 SDK, a transport for each request. */
async function answerV1(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const server = new ServerV1({ name: 'test', version: '1' })
  server.registerTool('whoami', {}, ({ authInfo }) => says(authInfo))
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  // The SDK's own types are not written for exactOptionalPropertyTypes.
  await server.connect(transport as Parameters<typeof server.connect>[0])
  await transport.handleRequest(req, res)
}

const handlerV2 = toNodeHandler(
  createMcpHandler(() => {
    const server = new ServerV2({ name: 'test', version: '1' })
    server.registerTool('whoami', {}, (ctx) => says(ctx.http?.authInfo))
    return server
  }),
)

function answerV2(req: IncomingMessage, res: ServerResponse): Promise<void> {
  return handlerV2(req as Parameters<typeof handlerV2>[0], res)
}

type Serve = (rs: ResourceServer) => RequestListener

const hosts: Record<string, Serve> = {
  'express, SDK v1': (rs) =>
    express()
      .use(expressKit.metadata(rs))
      .all('/mcp', expressKit.guard(rs), (req, res) => answerV1(req, res)),
  'koa, SDK v1': (rs) =>
    new Koa()
      .use(koaKit.guard(rs))
      .use((ctx) => {
        ctx.respond = false
        return answerV1(ctx.req, ctx.res)
      })
      .callback(),
  'node:http, SDK v1': (rs) => {
    const check = nodeKit.guard(rs)
    return (req, res) => check(req, res, () => void answerV1(req, res))
  },
  'express, SDK v2': (rs) => express().all('/mcp', expressKit.guard(rs), (req, res) => answerV2(req, res)),
  'node:http, SDK v2': (rs) => {
    const check = nodeKit.guard(rs)
    return (req, res) => check(req, res, () => void answerV2(req, res))
  },
}

async function open(serve: Serve): Promise<{ url: URL; issuer: FakeIssuer }> {
  const state: { listener: RequestListener } = { listener: (_req, res) => res.end() }
  const server = createServer((req, res) => state.listener(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = new URL(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/mcp`)
  const issuer = await createFakeIssuer({ audience: url.href })
  const rs = createResourceServer({ resource: url.href, issuers: [{ issuer: issuer.issuer }] })
  state.listener = serve(rs)
  opened.push(issuer, rs, {
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  return { url, issuer }
}

async function whoamiV1(url: URL, token: string): Promise<unknown> {
  const client = new ClientV1({ name: 'client', version: '1' })
  const transport = new TransportV1(url, { requestInit: { headers: { authorization: `Bearer ${token}` } } })
  await client.connect(transport as Parameters<typeof client.connect>[0])
  opened.push(client)
  return firstText(await client.callTool({ name: 'whoami' }))
}

async function whoamiV2(url: URL, token: string, pin?: string): Promise<unknown> {
  const client = new ClientV2(
    { name: 'client', version: '1' },
    pin === undefined ? {} : { versionNegotiation: { mode: { pin } } },
  )
  await client.connect(new TransportV2(url, { requestInit: { headers: { authorization: `Bearer ${token}` } } }))
  opened.push(client)
  return firstText(await client.callTool({ name: 'whoami' }))
}

function firstText(result: unknown): unknown {
  const { content } = result as { content: { text: string }[] }
  return JSON.parse(content[0]?.text ?? '')
}

for (const [name, serve] of Object.entries(hosts)) {
  test(`${name}: the caller reaches the tool, whichever client calls`, async () => {
    const { url, issuer } = await open(serve)
    const caller = { clientId: 'client-1', scopes: ['read', 'write'], resource: url.href }
    assert.deepEqual(await whoamiV1(url, issuer.mint()), caller)
    assert.deepEqual(await whoamiV2(url, issuer.mint()), caller)
    if (name.endsWith('v2')) assert.deepEqual(await whoamiV2(url, issuer.mint(), '2026-07-28'), caller)
  })

  test(`${name}: without a good token no client gets to any tool`, async () => {
    const { url, issuer } = await open(serve)
    const token = issuer.mint({ aud: 'https://other.example' })
    await assert.rejects(whoamiV1(url, token))
    await assert.rejects(whoamiV2(url, token))
  })
}
