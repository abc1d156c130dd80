import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type Idp, startIdp, type TestPool } from '@postern/idp/testing'
import { expectChallenge, expectRefusal, seen } from '@postern/resource-server/testing'
import { freePort } from '../free-port.ts'
import { untilAnswered } from '../until-answered.ts'
import { fencedBlocks } from './blocks.ts'

const root = join(import.meta.dirname, '..', '..')
const pages = ['express', 'koa', 'fastify', 'hono', 'fetch', 'next', 'node', 'mcp'] as const
type Page = (typeof pages)[number]

/** What starts a page's server; the default is to run its one file. */
const starts: Partial<Record<Page, (port: number) => readonly string[]>> = {
  fetch: (port) => [serveModule, `${port}`, 'fetch/server.ts'],
  next: (port) => [
    serveModule,
    `${port}`,
    '/mcp',
    'next/app/mcp/route.ts',
    '/.well-known/oauth-protected-resource/mcp',
    'next/app/.well-known/oauth-protected-resource/mcp/route.ts',
  ],
}
const serveModule = join(import.meta.dirname, 'serve-module.ts')

interface Server {
  readonly url: string
  readonly token: (scopes?: readonly string[]) => Promise<string>
}

describe('the pages of docs/kit about frameworks are true', { timeout: 180_000 }, () => {
  let folder: string
  let idp: Idp
  let pool: TestPool
  const files: string[] = []
  const ports = new Map<Page, number>()
  const programs: ChildProcess[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-docs-'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    idp = await startIdp()
    pool = await idp.createPool({ name: 'docs' })
    for (const page of pages) {
      const port = await freePort()
      ports.set(page, port)
      for (const { text } of await blocksOf(page)) {
        const [, name = 'server.ts'] = /^\/\/ (\S+\.ts)\n/.exec(text) ?? []
        const file = join(page, name)
        files.push(file)
        await mkdir(dirname(join(folder, file)), { recursive: true })
        const mine = text.replaceAll('http://localhost:4700/pools/default', pool.issuer).replaceAll('3000', `${port}`)
        // Next finds modules without their extension, Node does not.
        await writeFile(join(folder, file), mine.replaceAll(/(from '\.[^']+)'/g, "$1.ts'"))
      }
    }
  })
  after(async () => {
    for (const program of programs) {
      program.kill('SIGKILL')
      if (program.exitCode === null && program.signalCode === null) await once(program, 'exit')
    }
    await idp.close()
    await rm(folder, { recursive: true })
  })

  test('every page has one snippet, and every block is one that is tested here', async () => {
    for (const page of pages) {
      const blocks = await blocksOf(page)
      assert.deepEqual([...new Set(blocks.map(({ language }) => language))], ['ts'], page)
      assert.equal(blocks.length, page === 'next' ? 3 : 1, page)
    }
  })

  test('every snippet compiles', async () => {
    const strict = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--lib',
      'es2024,dom,dom.iterable',
    ]
    const more = ['--skipLibCheck', '--types', 'node', '--ignoreConfig', '--allowImportingTsExtensions']
    const tsc = promisify(execFile)(join(root, 'node_modules', '.bin', 'tsc'), [...strict, ...more, ...files], {
      cwd: folder,
    })
    await tsc.catch((error: Error & { stdout?: string }) => assert.fail(error.stdout ?? error.message))
  })

  const start = async (page: Page): Promise<Server> => {
    const port = ports.get(page) ?? 0
    const url = `http://localhost:${port}/mcp`
    const scopes = ['files:read', 'files:write'].map((name) => ({ name }))
    await pool.createResource({ identifier: url, scopes })
    const { clientId } = await pool.createClient({ name: page })
    const args = starts[page]?.(port) ?? [join(page, 'server.ts')]
    programs.push(spawn(process.execPath, [...args], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] }))
    await untilAnswered(url)
    return { url, token: (wanted) => pool.token({ client: clientId, resource: url, scopes: wanted }) }
  }

  for (const page of pages.filter((name) => name !== 'mcp')) {
    test(`${page}.md runs: nobody gets in without a token, who has one is greeted by name`, async () => {
      const { url, token } = await start(page)
      const metadataUrl = url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp')
      expectRefusal(await seen(await post(url, undefined, 'tools/list')), 'C0', { metadataUrl })
      expectRefusal(await seen(await post(url, 'x.y.z', 'tools/list')), 'IT', { metadataUrl })
      const metadata = await (await fetch(metadataUrl)).json()
      assert.deepEqual([metadata.resource, metadata.authorization_servers], [url, [pool.issuer]])
      const answer = await post(url, await token(), 'tools/call', { name: 'hello', arguments: {} })
      assert.equal(answer.status, 200)
      assert.match(await answer.text(), /Hello, [\w-]+/)
      const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
      assert.equal((await fetch(url, { method: 'OPTIONS', headers: preflight })).status, 204)
    })
  }

  test('mcp.md runs: scopes of single tools, and sessions for their own callers', async () => {
    const { url, token } = await start('mcp')
    const reader = await token(['files:read'])
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
    const opened = await post(url, reader, 'initialize', params)
    const id = opened.headers.get('mcp-session-id') ?? assert.fail('no session')
    await opened.body?.cancel()
    const call = async (bearer: string, name: string) =>
      seen(await post(url, bearer, 'tools/call', { name, arguments: {} }, { 'mcp-session-id': id }))

    assert.match((await call(reader, 'hello')).body, /Hello/)
    const refused = await call(reader, 'move_file')
    assert.equal(refused.status, 403)
    assert.equal(expectChallenge(refused).params['scope'], 'files:read files:write')
    assert.match((await call(await token(['files:read', 'files:write']), 'delete_file')).body, /Gone/)

    const { clientId } = await pool.createClient({ name: 'stranger' })
    const stranger = await pool.token({ client: clientId, resource: url })
    assert.equal((await call(stranger, 'hello')).status, 404)
    for (const method of ['GET', 'DELETE']) {
      const headers = { authorization: `Bearer ${stranger}`, accept: 'text/event-stream', 'mcp-session-id': id }
      assert.equal((await fetch(url, { method, headers })).status, 404)
    }
    assert.equal((await call(reader, 'hello')).status, 200)
  })
})

async function blocksOf(page: Page) {
  return fencedBlocks(await readFile(join(root, 'docs', 'kit', `${page}.md`), 'utf8'))
}

function post(
  url: string,
  token: string | undefined,
  method: string,
  params: object = {},
  more: object = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...more,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
}
