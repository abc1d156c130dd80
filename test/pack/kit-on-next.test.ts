import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import {
  createFakeIssuer,
  createSigningKey,
  expectRefusal,
  type FakeIssuer,
  seen,
} from '@postern/resource-server/testing'
import { fencedBlocks } from '../docs/blocks.ts'
import { freePort } from '../free-port.ts'
import { untilAnswered } from '../until-answered.ts'
import { installKit, linkPackages } from './install-kit.ts'
import { end, folderOf, installRuntimes, quietEnv, runtimesFolder } from './programs.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const needed = ['next', 'react', 'react-dom', '@next/swc-linux-x64-gnu']
const missing = needed.filter((name) => folderOf(name) === undefined)
const skip = missing.length > 0 && `no Next here: not installed are ${missing.join(', ')}; ${installRuntimes}`

/** The page about Next, as it is, made into a site by Next's own build and served by Next's own server. */
describe('the packed kit in route handlers of Next', { timeout: 300_000, skip }, () => {
  let folder: string
  let issuer: FakeIssuer
  let url: string
  let server: ChildProcess | undefined

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-next-'))
    await installKit(folder)
    await linkPackages(folder, ['jose', '@modelcontextprotocol/server'])
    await linkPackages(folder, ['next', 'react', 'react-dom'], runtimesFolder)
    const port = await freePort()
    url = `http://localhost:${port}/mcp`
    issuer = await createFakeIssuer({ audience: url })
    for (const { text } of fencedBlocks(await readFile(join(root, 'docs', 'kit', 'next.md'), 'utf8'))) {
      const path = /^\/\/ (\S+)\.ts\n/.exec(text)?.[1] ?? assert.fail('a block of the page names no file')
      const mine = text.replaceAll('http://localhost:4700/pools/default', issuer.issuer).replaceAll('3000', `${port}`)
      await mkdir(dirname(join(folder, path)), { recursive: true })
      // Next would fetch types from npm for files of TypeScript; that the page compiles is seen elsewhere.
      await writeFile(join(folder, `${path}.js`), stripTypeScriptTypes(mine))
    }
    // What is linked lies elsewhere than the site.
    await writeFile(join(folder, 'next.config.js'), "export default { turbopack: { root: '/' } }\n")
    const program = join(folderOf('next') ?? '', 'dist', 'bin', 'next')
    const options = { cwd: folder, env: { ...quietEnv(folder), NODE_ENV: 'production' as const } }
    const building = execute(process.execPath, [program, 'build'], options)
    await building.catch((error: Error & { stdout?: string; stderr?: string }) =>
      assert.fail(`${error.stdout}\n${error.stderr}`),
    )
    const args = [program, 'start', '--port', `${port}`, '--hostname', 'localhost']
    server = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'ignore', 'inherit'] })
    await untilAnswered(url)
  })
  after(async () => {
    if (server !== undefined) await end([server])
    await issuer?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const call = (token: string | undefined) =>
    fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello","arguments":{}}}',
    })
  const metadataUrl = () => url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp')

  test('nobody gets in without a good token', async () => {
    expectRefusal(await seen(await call(undefined)), 'C0', { metadataUrl: metadataUrl() })
    const { kid } = issuer.signingKey()
    const bad = [
      'x.y.z',
      issuer.mint({ exp: 1 }),
      issuer.mint({ aud: 'https://other.example/mcp' }),
      issuer.mint({ iss: 'https://other.example' }),
      issuer.mint({}, { key: createSigningKey('ES256'), header: { kid } }),
    ]
    for (const token of bad) expectRefusal(await seen(await call(token)), 'IT', { metadataUrl: metadataUrl() })
    expectRefusal(await seen(await fetch(url)), 'C0', { metadataUrl: metadataUrl() })
    expectRefusal(await seen(await fetch(url, { method: 'DELETE' })), 'C0', { metadataUrl: metadataUrl() })
  })

  test('who has a good token is greeted by name', async () => {
    for (const key of [issuer.signingKey(), issuer.signingKey('RS256')]) {
      const answer = await call(issuer.mint({}, { key }))
      assert.equal(answer.status, 200)
      assert.match(await answer.text(), /Hello, client-1/)
    }
  })

  test('the metadata is served to GET, HEAD and pages of other origins, and the route answers a preflight', async () => {
    const answer = await fetch(metadataUrl())
    const document = await answer.json()
    assert.deepEqual([document.resource, document.authorization_servers], [url, [issuer.issuer]])
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
    assert.equal((await fetch(metadataUrl(), { method: 'HEAD' })).status, 200)
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
    assert.equal((await fetch(url, { method: 'OPTIONS', headers })).status, 204)
  })
})
