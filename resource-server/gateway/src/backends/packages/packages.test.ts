import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { backendLimits } from '../../limits.ts'
import { caller, callTool, oddServer, openBench, service } from '../fixtures/harness.ts'
import type { StdioBackend } from '../types.ts'
import { binOf } from './bin.ts'
import { parseNpx, parseRegistrySpec } from './npx.ts'
import { createPackages } from './packages.ts'

test('npx arguments are read', () => {
  const cases: [string, ReturnType<typeof parseNpx>][] = [
    ['-y pkg', { spec: 'pkg', args: [] }],
    ['pkg@1.2.3 --flag -y', { spec: 'pkg@1.2.3', args: ['--flag', '-y'] }],
    ['--yes @scope/pkg@latest a b', { spec: '@scope/pkg@latest', args: ['a', 'b'] }],
    ['-y -- pkg -x', { spec: 'pkg', args: ['-x'] }],
    ['-y -p pkg@2 program x', { spec: 'pkg@2', program: 'program', args: ['x'] }],
    ['--package=pkg program', { spec: 'pkg', program: 'program', args: [] }],
    ['--package pkg -- program', { spec: 'pkg', program: 'program', args: [] }],
    ['-p one -p two program', undefined],
    ['-c echo', undefined],
    ['--registry=x pkg', undefined],
    ['-y', undefined],
    ['-y --', undefined],
    ['', undefined],
  ]
  for (const [line, expected] of cases) assert.deepEqual(parseNpx(line.split(' ').filter(Boolean)), expected, line)
})

test('registry specs are told from folders, archives and URLs', () => {
  assert.deepEqual(parseRegistrySpec('pkg'), { name: 'pkg' })
  assert.deepEqual(parseRegistrySpec('@a/b.c@^1.0.0'), { name: '@a/b.c', version: '^1.0.0' })
  for (const spec of [
    './folder',
    '/abs',
    '../up',
    'owner/repo',
    'file:x',
    'pkg.tgz',
    'git+https://x/y.git',
    'https://x/y.tgz',
    'npm:x@1',
  ]) {
    assert.equal(parseRegistrySpec(spec), undefined, spec)
  }
})

test('the program of a package is found, or it is said which there are', () => {
  const bin = (manifest: object, program?: string) =>
    binOf({ folder: '/p', manifest: { name: '@s/pkg', ...manifest } }, program)
  assert.deepEqual(bin({ bin: './cli.js' }), { file: '/p/cli.js' })
  assert.deepEqual(bin({ bin: { other: 'a.js', pkg: 'b.js' } }), { file: '/p/b.js' })
  assert.deepEqual(bin({ bin: { only: 'a.js' } }), { file: '/p/a.js' })
  assert.deepEqual(bin({ bin: { one: 'a.js', two: 'b.js' } }, 'two'), { file: '/p/b.js' })
  assert.match(
    JSON.stringify(bin({ bin: { one: 'a.js', two: 'b.js' } })),
    /several programs, `one`, `two`: name one with `npx -p @s\/pkg/,
  )
  assert.match(JSON.stringify(bin({ bin: { one: 'a.js' } }, 'two')), /has no program `two`; it has `one`/)
  assert.match(JSON.stringify(bin({})), /has no program to run/)
  assert.match(JSON.stringify(bin({ bin: { pkg: '../../etc/passwd' } })), /outside of its own folder/)
})

function npx(...args: string[]): StdioBackend {
  return { type: 'stdio', command: 'npx', args }
}

const folder = await mkdtemp(join(tmpdir(), 'postern-packages-'))
test.after(() => rm(folder, { recursive: true, force: true }))

test('a package that is installed beside the gateway is run as it is', async () => {
  const packages = createPackages({ folder: join(folder, 'none'), limits: backendLimits })
  const name = '@modelcontextprotocol/server-sequential-thinking'
  const found = await packages.resolve(npx('-y', name, '--x'))
  assert.equal(found.command, process.execPath)
  assert.match(found.args[0] ?? '', /node_modules\/@modelcontextprotocol\/server-sequential-thinking\/dist\/index\.js$/)
  assert.deepEqual(found.args.slice(1), ['--x'])
  const manifest = await readFile(join(found.args[0] ?? '', '../../package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  assert.deepEqual(await packages.resolve(npx(`${name}@${version}`)), {
    command: process.execPath,
    args: found.args.slice(0, 1),
  })
})

test('other commands stay as they are', async () => {
  const packages = createPackages({ folder, limits: backendLimits })
  const backend = { type: 'stdio', command: 'uvx', args: ['pkg'] } as const
  assert.deepEqual(await packages.resolve(backend), { command: 'uvx', args: ['pkg'] })
  assert.deepEqual(await packages.resolve(npx('-c', 'x')), { command: 'npx', args: ['-c', 'x'] })
})

test('a package is installed once, by whoever needs it first, and runs', async (t) => {
  const source = join(folder, 'source')
  await mkdir(source)
  await writeFile(
    join(source, 'package.json'),
    JSON.stringify({ name: 'odd-package', version: '1.0.0', bin: 'cli.mjs', files: ['cli.mjs'] }),
  )
  await writeFile(join(source, 'cli.mjs'), `#!/usr/bin/env node\nawait import(${JSON.stringify(oddServer)})\n`)
  const bench = await openBench()
  t.after(bench.close)
  const progress: string[] = []
  const svc = service(npx('-y', source))
  const options = { onProgress: (line: string) => progress.push(line) }
  const [report] = await Promise.all([bench.backends.check(svc, options), bench.backends.check(svc, options)])
  assert.ok(report.toolNames.includes('pid'))
  assert.deepEqual(progress, [`installing ${source} with npm`, `installed ${source}`])
  await bench.backends.check(svc, options)
  assert.equal(progress.length, 2)
  const { connection } = await bench.backends.connect(svc, caller('a'))
  assert.equal(await callTool(connection, 'pid'), bench.backends.processes()[0]?.pid)
  const installed = await readdir(join(bench.dataDir, 'packages'))
  assert.equal(installed.length, 1, 'nothing half-built is left')
})

test('a package that cannot be had says so in npm’s words, and leaves nothing', async (t) => {
  const registry = createServer(
    (_, res) => void res.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}'),
  )
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
  t.after(() => registry.close())
  const address = registry.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.env['npm_config_registry'] = `http://127.0.0.1:${port}/`
  t.after(() => delete process.env['npm_config_registry'])
  const bench = await openBench()
  t.after(bench.close)
  await assert.rejects(bench.backends.check(service(npx('-y', 'no-such-package-of-postern'))), (error: Error) => {
    assert.match(error.message, /^`no-such-package-of-postern` could not be installed: .*E404/)
    assert.doesNotMatch(error.message, /debug-|_logs/)
    return true
  })
  assert.deepEqual(await readdir(join(bench.dataDir, 'packages')), [])
})

test('an installation has its time', async (t) => {
  const registry = createServer(() => {})
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    registry.closeAllConnections()
    registry.close()
  })
  const address = registry.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.env['npm_config_registry'] = `http://127.0.0.1:${port}/`
  t.after(() => delete process.env['npm_config_registry'])
  const bench = await openBench({ limits: { installMs: 1500 } })
  t.after(bench.close)
  await assert.rejects(
    bench.backends.check(service(npx('slow-package'))),
    /`slow-package` could not be installed within 1\.5 s/,
  )
  const abort = new AbortController()
  const aborted = bench.backends.check(service(npx('slow-package')), { signal: abort.signal })
  abort.abort()
  await assert.rejects(aborted)
})

test('without npm it is said what else can be done', async (t) => {
  const path = process.env['PATH']
  process.env['PATH'] = folder
  t.after(() => {
    process.env['PATH'] = path
  })
  const bench = await openBench()
  t.after(bench.close)
  await assert.rejects(
    bench.backends.check(service(npx('some-package'))),
    /npm, which would install `some-package`, could not be started: install Node/,
  )
})
