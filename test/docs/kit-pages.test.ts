import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { ResourceServer } from '@postern/resource-server'
import {
  brokenToken,
  brokenTokenKinds,
  createFakeIssuer,
  describeBrokenToken,
  expectChallenge,
  type FakeIssuer,
  seen,
} from '@postern/resource-server/testing'

const root = join(import.meta.dirname, '..', '..')
const resource = 'http://localhost:3000/mcp'
const bin = join(root, 'node_modules', '.bin')

const read = (page: string) => readFile(join(root, 'docs', 'kit', page), 'utf8')
const pages = { verifier: await read('verifier.md'), testing: await read('testing.md') }

/** The TypeScript of a page, by the name that stands behind the language. */
function snippetsOf(page: string): Map<string, string> {
  return new Map([...page.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]))
}

describe('docs/kit/verifier.md and docs/kit/testing.md are true', { timeout: 180_000 }, () => {
  let folder: string
  let issuer: FakeIssuer
  const snippets = new Map([...snippetsOf(pages.verifier), ...snippetsOf(pages.testing)])

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-kit-pages-'))
    issuer = await createFakeIssuer({ audience: resource })
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    for (const [name, text] of snippets) {
      await writeFile(join(folder, name), text.replace('http://localhost:4700/pools/default', issuer.issuer))
    }
  })
  after(async () => {
    await issuer.close()
    await rm(folder, { recursive: true })
  })

  test('every block is one that is tested here', () => {
    const fences = Object.values(pages).flatMap((page) => page.match(/^```\S/gm) ?? [])
    assert.equal(fences.length, snippets.size)
    assert.deepEqual([...snippets.keys()], ['v1.ts', 'v2.ts', 'server.test.ts', 'pool.test.ts'])
  })

  test('every block compiles', async () => {
    const strict = '--noEmit --strict --module nodenext --target es2024 --lib es2024,dom,dom.iterable,esnext.disposable'
    const more = '--skipLibCheck --types node --ignoreConfig --allowImportingTsExtensions'
    const args = [...strict.split(' '), ...more.split(' '), ...snippets.keys()]
    await run('tsc', args, folder)
  })

  for (const name of ['v1.ts', 'v2.ts']) {
    test(`${name}: the gate of the SDK with the kit behind it`, async () => {
      const module: { rs: ResourceServer; app: RequestListener } = await import(pathToFileURL(join(folder, name)).href)
      const server = createServer(module.app)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      try {
        const address = server.address()
        const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
        const ask = (token: string) =>
          fetch(`${origin}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
        assert.deepEqual(await (await ask(issuer.mint())).json(), { hello: 'client-1' })
        for (const kind of ['expired', 'aud-other', 'signed-by-stranger'] as const) {
          const refused = await seen(await ask(brokenToken(issuer, kind)))
          assert.equal(refused.status, 401)
          assert.equal(expectChallenge(refused).params['resource_metadata'], module.rs.metadataUrl)
        }
        const { pathname } = new URL(module.rs.metadataUrl ?? '')
        assert.equal((await fetch(`${origin}${pathname}`, { headers: { host: 'localhost' } })).status, 200)
      } finally {
        server.closeAllConnections()
        server.close()
        module.rs.close()
      }
    })
  }

  for (const name of ['server.test.ts', 'pool.test.ts']) {
    test(`${name} passes`, async () => {
      assert.match(await run('node', ['--test', '--test-reporter=tap', name], folder), /^# pass 1$/m)
    })
  }

  test('the table of broken tokens is the list of the kit', () => {
    const rows = [...pages.testing.matchAll(/^\| `(.+?)` \| (.+) \| (\w+) \|$/gm)].map(([, ...cells]) => cells)
    const wanted = brokenTokenKinds.map((kind) => {
      const { row, what } = describeBrokenToken(kind)
      return [kind, what, row]
    })
    assert.deepEqual(rows, wanted)
  })
})

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${bin}:${process.env['PATH']}` }
  // A test in a test would report to its parent instead of printing.
  delete env['NODE_TEST_CONTEXT']
  const ran = promisify(execFile)(command, [...args], { cwd, env, timeout: 60_000 })
  const { stdout } = await ran.catch((error: Error & { stdout?: string }) => {
    throw new Error(`${command} failed: ${error.message}\n${error.stdout}`)
  })
  return stdout
}
