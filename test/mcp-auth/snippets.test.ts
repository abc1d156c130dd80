import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createMcpHandler, McpServer as ServerV2 } from '@modelcontextprotocol/server'
import type { EventInput } from '@postern/core'
import { authInfoOf } from '@postern/resource-server/mcp'
import { MCPAuth, type MCPAuthConfig } from '@postern/resource-server/mcp-auth'
import { createFakeIssuer, type FakeIssuer } from '@postern/resource-server/testing'
import express from 'express'
import { diagnosticsOf } from './compile.ts'
import { moduleOf, type Snippet, snippets, tool, typedTool } from './snippets.ts'

const root = join(import.meta.dirname, '..', '..')
/** What the examples take for their server. */
const resource = 'https://api.example.com/mcp'

interface Module {
  readonly app: RequestListener
}

describe("M4: the examples of MCP Auth's documentation", () => {
  let folder: string
  let issuer: FakeIssuer
  const events: EventInput[] = []
  const servers: Server[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-mcp-auth-'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    for (const snippet of [...snippets, tool, typedTool]) {
      await writeFile(join(folder, `${snippet.name}.ts`), moduleOf(snippet))
      const original = moduleOf(snippet).replaceAll('@postern/resource-server/mcp-auth', 'mcp-auth')
      await writeFile(join(folder, `${snippet.name}.original.ts`), original)
    }
    issuer = await createFakeIssuer({ audience: resource })
  })
  after(async () => {
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
    await issuer.close()
    await rm(folder, { recursive: true })
  })

  const authorizationServer = () => ({ issuer: issuer.issuer, type: 'oidc' as const })
  const modes: Readonly<Record<string, () => MCPAuthConfig>> = {
    protectedResources: () => ({
      protectedResources: { metadata: { resource, authorizationServers: [authorizationServer()] } },
    }),
    server: () => ({ server: authorizationServer() }),
  }

  let asked: ServerResponse | undefined

  /** Runs an example's module, fresh, and serves its app at the URL. */
  async function open({ name }: Snippet, config: MCPAuthConfig): Promise<string> {
    const kit = { onEvent: (event: EventInput) => void events.push(event) }
    Object.assign(globalThis, { mcpAuthConfig: { ...config, kit } })
    const module: Module = await import(`${pathToFileURL(join(folder, `${name}.ts`)).href}?${servers.length}`)
    const server = createServer((req, res) => {
      asked = res
      module.app(req, res)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  }

  /** Some examples write to the console. One does so instead of answering, so this answers for it. */
  function listen(t: TestContext) {
    t.mock.method(console, 'log', (shown: unknown) => {
      if (typeof shown === 'object') asked?.end(JSON.stringify(shown))
    })
    return t.mock.method(console, 'warn', () => undefined)
  }

  async function ask(url: string, token?: string): Promise<{ status: number; auth: { subject?: string } }> {
    const response = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
    const text = await response.text()
    return { status: response.status, auth: text === '' ? {} : JSON.parse(text) }
  }

  test('compile, strictly', async () => {
    const files = [...snippets, typedTool].map(({ name }) => `${name}.ts`)
    assert.deepEqual(await diagnosticsOf(folder, files), [])
  })

  test('the tool lacks what the types of the SDK ask for, here as with mcp-auth itself, and nothing else', async () => {
    const found = await diagnosticsOf(folder, ['tool.ts'])
    assert.deepEqual(
      found.map(({ code }) => code).sort(),
      // `authInfo` is possibly undefined, twice; a result without content.
      ['TS18048', 'TS18048', 'TS2345'],
    )
    assert.deepEqual(
      await diagnosticsOf(folder, ['tool.original.ts']),
      found.map((one) => ({ ...one, file: 'tool.original.ts' })),
    )
  })

  for (const [mode, configOf] of Object.entries(modes)) {
    for (const snippet of snippets.filter(({ name }) => name !== 'custom')) {
      test(`${snippet.name}, with ${mode}`, async (t) => {
        const warn = listen(t)
        events.length = 0
        const url = await open(snippet, configOf())
        const good = await ask(url, issuer.mint())
        assert.deepEqual([good.status, good.auth.subject], [200, 'user-1'])
        assert.equal((await ask(url)).status, 401)
        assert.equal((await ask(url, issuer.mint({ scope: 'read' }))).status, 403)
        assert.equal((await ask(url, issuer.mint({ exp: 1, iat: 0 }))).status, 401)

        const namesAudience = snippet.text.includes('audience')
        const isChecked = namesAudience || mode === 'protectedResources'
        const foreign = await ask(url, issuer.mint({ aud: 'https://other.example' }))
        assert.equal(foreign.status, isChecked ? 401 : 200)
        const loosened = events.filter(({ reason }) => reason === 'setting_loosened')
        assert.deepEqual([warn.mock.callCount(), loosened.length], isChecked ? [0, 0] : [1, 1])
      })
    }
  }

  test('custom', async () => {
    const as = { issuer: 'https://as.example', type: 'oidc' as const }
    const url = await open(snippets.find(({ name }) => name === 'custom') ?? tool, {
      protectedResources: { metadata: { resource, authorizationServers: [as] } },
    })
    const known = await ask(url, 'known')
    assert.deepEqual([known.status, known.auth.subject], [200, 'user-1'])
    assert.equal((await ask(url, 'poor')).status, 403)
    assert.equal((await ask(url, 'unknown')).status, 401)
  })

  for (const snippet of [tool, typedTool]) {
    test(`${snippet.name}: the tool knows its caller`, async (t) => {
      listen(t)
      const url = await open(snippet, modes['protectedResources']?.() ?? JSON.parse('{}'))
      const client = new Client({ name: 'client', version: '1' })
      const headers = { authorization: `Bearer ${issuer.mint()}` }
      const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
      try {
        await client.connect(transport as Parameters<typeof client.connect>[0])
        assert.equal((await client.callTool({ name: 'whoami' }))['subject'], 'user-1')
      } finally {
        await client.close()
      }
    })
  }

  test('a tool of the SDK in its second generation knows its caller, too', async () => {
    const mcpAuth = new MCPAuth(modes['protectedResources']?.() ?? JSON.parse('{}'))
    const handler = toNodeHandler(
      createMcpHandler(() => {
        const server = new ServerV2({ name: 'test', version: '1' })
        server.registerTool('whoami', {}, (ctx) => ({
          content: [{ type: 'text', text: authInfoOf(ctx).subject }],
          structuredContent: { clientId: ctx.http?.authInfo?.clientId },
        }))
        return server
      }),
    )
    const app = express()
    app.use('/mcp', mcpAuth.bearerAuth('jwt', { requiredScopes: ['read'] }), (req, res) =>
      handler(req as Parameters<typeof handler>[0], res),
    )
    const server = createServer(app)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
    const client = new ClientV2(
      { name: 'client', version: '1' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    )
    const headers = { authorization: `Bearer ${issuer.mint()}` }
    try {
      await client.connect(new TransportV2(url, { requestInit: { headers } }))
      const { content, structuredContent } = await client.callTool({ name: 'whoami' })
      assert.deepEqual(content, [{ type: 'text', text: 'user-1' }])
      assert.deepEqual(structuredContent, { clientId: 'client-1' })
    } finally {
      await client.close()
    }
  })
})
