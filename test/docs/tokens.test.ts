import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { ResourceServer } from '@postern/resource-server'

const root = join(import.meta.dirname, '..', '..')
const page = await readFile(join(root, 'docs', 'kit', 'tokens.md'), 'utf8')

/** The TypeScript of the page, by the name that stands behind the language. */
const snippets = new Map(
  [...page.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]),
)

describe('docs/kit/tokens.md is true', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-tokens-'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    for (const [name, text] of snippets) await writeFile(join(folder, fileOf(name)), text)
  })
  after(() => rm(folder, { recursive: true }))

  async function open(name: string): Promise<ResourceServer> {
    const module: { readonly rs: ResourceServer } = await import(pathToFileURL(join(folder, fileOf(name))).href)
    return module.rs
  }

  test('every block is of a kind that is tested here', () => {
    assert.equal(page.match(/^```\S/gm)?.length, snippets.size)
    assert.deepEqual([...snippets.keys()], ['introspection', 'test', 'presets', 'by-hand', 'api-keys', 'verify'])
  })

  test('every block compiles', async () => {
    const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--lib', 'es2024,dom']
    const more = ['--skipLibCheck', '--types', 'node', '--ignoreConfig', '--allowImportingTsExtensions']
    const files = [...snippets.keys()].map(fileOf)
    await run('tsc', [...strict, ...more, ...files], folder)
  })

  test('the test passes', async () => {
    assert.match(await run('node', ['--test', '--test-reporter=tap', fileOf('test')], folder), /^# pass 1$/m)
  })

  test('the servers start, and ask for what the page says', async () => {
    const scopes = { introspection: 'read', presets: 'api://11111111-2222-4333-8444-555555555555/read' }
    for (const [name, scope] of Object.entries({ ...scopes, 'by-hand': 'https://api.example.com/read' })) {
      const rs = await open(name)
      const answer = await rs.authenticate(new Request(rs.resource))
      assert.ok(answer instanceof Response && answer.status === 401)
      assert.ok(answer.headers.get('www-authenticate')?.includes(`scope="${scope}"`), name)
    }
  })

  test('API keys alone: no metadata, and a realm', async () => {
    const rs = await open('api-keys')
    assert.equal(rs.metadataUrl, undefined)
    const answer = await rs.authenticate(new Request(rs.resource))
    assert.ok(answer instanceof Response)
    assert.equal(answer.headers.get('www-authenticate'), `Bearer realm="${rs.resource}"`)
  })

  test('the verifier lets in whom it knows', async () => {
    const rs = await open('verify')
    const ask = (token: string) =>
      rs.authenticate(new Request(rs.resource, { headers: { authorization: `Bearer ${token}` } }))
    const known = await ask('made-up-session')
    assert.ok(!(known instanceof Response))
    assert.equal(known.subject, 'kim')
    const unknown = await ask('another')
    assert.ok(unknown instanceof Response && unknown.status === 401)
  })

  test('the presets that the page lists are those that there are, and every option of introspection is there', async () => {
    const presets = Object.keys(await import('@postern/resource-server/presets'))
    const listed = [...page.matchAll(/^\| `(\w+)\(\{/gm)].map(([, name]) => name)
    assert.deepEqual(listed.sort(), presets.sort())
    const types = await readFile(join(root, 'resource-server/kit/src/options/introspection.ts'), 'utf8')
    const [options = ''] = /export interface IntrospectionOptions \{[\s\S]*?^\}/m.exec(types) ?? []
    for (const [, name] of options.matchAll(/readonly (\w+)\?:/g)) {
      if (name !== 'dialect') assert.ok(page.includes(`\`${name}\``), name)
    }
  })
})

function fileOf(name: string): string {
  return name === 'test' ? 'snippet.test.ts' : `${name}.ts`
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}:${process.env['PATH']}`,
  }
  // A test in a test would report to its parent instead of printing.
  delete env['NODE_TEST_CONTEXT']
  const ran = promisify(execFile)(command, [...args], { cwd, env })
  const { stdout } = await ran.catch((error: Error & { stdout?: string }) => {
    throw new Error(`${command} failed: ${error.message}\n${error.stdout}`)
  })
  return stdout
}
