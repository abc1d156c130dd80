import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { MCPAuth } from '@postern/resource-server/mcp-auth'
import { createFakeIssuer, type FakeIssuer } from '@postern/resource-server/testing'
import { freePort } from '../free-port.ts'
import { diagnosticsOf } from '../mcp-auth/compile.ts'

const root = join(import.meta.dirname, '..', '..')
const page = await readFile(join(root, 'docs', 'kit', 'mcp-auth.md'), 'utf8')
const snippets = new Map(
  [...page.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]),
)

type Handler = ReturnType<MCPAuth['bearerAuth']>

describe('docs/kit/mcp-auth.md is true', () => {
  let folder: string
  let issuer: FakeIssuer
  let port: number
  let program: ChildProcess | undefined

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-docs-mcp-auth-'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    port = await freePort()
    issuer = await createFakeIssuer({ audience: `http://localhost:${port}/mcp` })
    for (const [name, text] of snippets) {
      const ours = text.replaceAll('http://localhost:4700/pools/default', issuer.issuer).replaceAll('3000', `${port}`)
      await writeFile(join(folder, `${name}.ts`), ours)
    }
  })
  after(async () => {
    if (program !== undefined && program.exitCode === null) {
      program.kill('SIGKILL')
      await once(program, 'exit')
    }
    await issuer.close()
    await rm(folder, { recursive: true })
  })

  const urlOf = (name: string) => pathToFileURL(join(folder, `${name}.ts`)).href

  /** What the handler answers to a token, or without one. */
  async function ask(
    handler: Handler | undefined,
    token?: string,
  ): Promise<{ status: number; challenge: string | null }> {
    const server = createServer((req, res) =>
      handler === undefined ? res.destroy() : handler(req, res, () => res.end()),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, { headers })
      await answer.arrayBuffer()
      return { status: answer.status, challenge: answer.headers.get('www-authenticate') }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  test('every block is of a kind that is tested here, and compiles', async () => {
    assert.equal(page.match(/^```\S/gm)?.length, snippets.size)
    assert.deepEqual([...snippets.keys()], ['server', 'error-format', 'kit'])
    assert.deepEqual(
      await diagnosticsOf(
        folder,
        [...snippets.keys()].map((name) => `${name}.ts`),
      ),
      [],
    )
  })

  test('the server serves its metadata, and its tool knows the caller', async () => {
    program = spawn(process.execPath, ['server.ts'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
    const url = new URL(`http://localhost:${port}/mcp`)
    await untilAnswered(url)
    const metadata = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', url))
    assert.deepEqual((await metadata.json()).scopes_supported, ['greet'])
    const poor = await fetch(url, { headers: { authorization: `Bearer ${issuer.mint()}` } })
    assert.deepEqual([poor.status, (await poor.json()).error], [403, 'insufficient_scope'])

    const client = new Client({ name: 'client', version: '1' })
    const headers = { authorization: `Bearer ${issuer.mint({ scope: 'greet' })}` }
    const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } })
    await client.connect(transport as Parameters<typeof client.connect>[0])
    const { content } = await client.callTool({ name: 'whoami' })
    await client.close()
    assert.deepEqual(content, [{ type: 'text', text: 'Authenticated: user-1' }])
  })

  test('the format of errors is chosen for all routes, and for one', async () => {
    const module: { mcpAuth: MCPAuth; forNewClients: Handler } = await import(urlOf('error-format'))
    assert.doesNotMatch((await ask(module.forNewClients)).challenge ?? '', /error=/)
    assert.match((await ask(module.mcpAuth.bearerAuth('jwt'))).challenge ?? '', /error="missing_auth_header"/)
  })

  test("the kit's options count", async (t) => {
    const log = t.mock.method(console, 'log', () => undefined)
    const { guard }: { guard: Handler } = await import(urlOf('kit'))
    assert.equal((await ask(guard, issuer.mint({ scope: 'admin' }))).status, 200)
    assert.deepEqual(log.mock.calls[0]?.arguments, ['access.verified', 'ok'])
    assert.equal((await ask(guard, issuer.mint({ scope: 'write' }))).status, 403)
  })
})

async function untilAnswered(url: URL): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const response = await fetch(url).catch(() => undefined)
    await response?.body?.cancel()
    if (response) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`nothing answered at ${url.href} within 30 s`)
}
