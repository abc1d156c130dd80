import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { installKit } from './install-kit.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const kit = join(root, 'resource-server', 'kit')

/** Tests that look into module loading by `registerHooks`, which Node has from 22.15 on; what they show holds for all. */
const needsHooks = /\bregisterHooks\b/

/** Runs the kit's own tests on its packed dist, on Node of this major version. A file of its own for each, for it takes a while. */
export function testKitOn(major: number): void {
  describe(`the kit’s own tests, on its packed dist, on Node ${major}`, { timeout: 600_000 }, () => {
    let folder: string
    let dist: string
    let files: readonly string[]

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'postern-kit-'))
      const modules = join(folder, 'node_modules')
      await installKit(folder)
      await writeFile(join(folder, 'with-resolvers.mjs'), polyfill)
      await linkOthers(modules)
      dist = join(modules, '@postern', 'resource-server', 'dist')
      files = await addTests(folder, dist)
    })
    after(() => rm(folder, { recursive: true, force: true }))

    test('they pass', async (t) => {
      const node = await findNode(major)
      if (node === undefined) {
        t.skip(`no Node ${major} here: neither in the PATH nor as the package node${major}`)
        return
      }
      const passed = await run(node, await runnableOn(major, files), { folder, needsPolyfill: major < 22 })
      assert.ok(passed > 500, `${passed} tests ran`)
      t.diagnostic(`Node ${major}: ${passed} tests passed`)
    })

    test('nothing of it asks for more than Node 20.0 has', async () => {
      const names = (await readdir(dist, { recursive: true })).filter((name) => /(?<!\.test)\.js$/.test(name))
      assert.ok(names.length > 100)
      for (const name of names) {
        const text = await readFile(join(dist, name), 'utf8')
        assert.doesNotMatch(
          text,
          /withResolvers|\bwith \{ type:|import\.meta\.(?:dirname|filename)|await using|\.groupBy\(/,
          name,
        )
      }
    })
  })
}

async function runnableOn(major: number, files: readonly string[]): Promise<readonly string[]> {
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })))
  return texts.filter(({ text }) => major >= 24 || !needsHooks.test(text)).map(({ file }) => file)
}

/** How many tests passed; fails with those that did not. */
async function run(
  node: string,
  files: readonly string[],
  { folder, needsPolyfill }: { readonly folder: string; readonly needsPolyfill: boolean },
): Promise<number> {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_NO_WARNINGS: '1' }
  delete env['NODE_TEST_CONTEXT']
  const polyfill = needsPolyfill ? ['--import', './with-resolvers.mjs'] : []
  const args = [...polyfill, '--test', '--test-concurrency=2', '--test-reporter=tap', ...files]
  const running = execute(node, args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })
  const { stdout } = await running.catch((error: Error & { stdout?: string }) =>
    assert.fail(failuresIn(error.stdout ?? error.message)),
  )
  return Number(/^# pass (\d+)$/m.exec(stdout)?.[1])
}

/** For the tests alone; that the kit does without is asserted above. */
const polyfill = `Promise.withResolvers ??= function () {
  const made = {}
  made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}`

/** The frameworks and SDKs that the tests use are those of the checkout. */
async function linkOthers(modules: string): Promise<void> {
  const manifest: Record<string, Record<string, string>> = JSON.parse(await readFile(join(kit, 'package.json'), 'utf8'))
  const names = [...Object.keys({ ...manifest['dependencies'], ...manifest['devDependencies'] }), 'fast-check']
  for (const name of names) {
    if (name.startsWith('@postern/')) continue
    await mkdir(dirname(join(modules, name)), { recursive: true })
    const own = join(kit, 'node_modules', name)
    const source = (await exists(own)) ? own : join(root, 'node_modules', name)
    await symlink(source, join(modules, name), 'dir')
  }
}

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  )
}

/** Compiles the tests and puts them, with what only tests use, beside the packed files that they are about. */
async function addTests(folder: string, dist: string): Promise<readonly string[]> {
  const outDir = join(folder, 'compiled')
  const config = {
    extends: join(root, 'tsconfig.json'),
    // Types are checked by the house's own checks.
    compilerOptions: {
      noCheck: true,
      noEmit: false,
      rootDir: root,
      outDir,
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    include: [join(kit, 'src')],
    exclude: [],
  }
  const path = join(folder, 'tsconfig.json')
  await writeFile(path, JSON.stringify(config))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  await execute(process.execPath, [tsc, '--project', path]).catch((error: Error & { stdout?: string }) =>
    assert.fail(error.stdout ?? error.message),
  )
  const compiled = join(outDir, 'resource-server', 'kit', 'src')
  const known = new Set(await readdir(dist, { recursive: true }))
  const added = (await readdir(compiled, { recursive: true })).filter(
    (name) => name.endsWith('.js') && !known.has(name),
  )
  for (const name of added) {
    const target = join(dist, name)
    await cp(join(compiled, name), target)
    if (!name.endsWith('.test.js')) continue
    const text = await readFile(target, 'utf8')
    await writeFile(target, text.replaceAll(/((?:import\.meta\.resolve|require)\('\.[^']+)\.ts'\)/g, "$1.js')"))
  }
  return added.filter((name) => name.endsWith('.test.js')).map((name) => join(dist, name))
}

/** A Node of this major version: the one that runs this, a package of that name, or what the PATH has. */
async function findNode(major: number): Promise<string | undefined> {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  const packaged = () =>
    join(dirname(createRequire(import.meta.url).resolve(`node${major}/package.json`)), 'bin', 'node')
  const inPath = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, 'node'))
  for (const candidate of [...orNothing(packaged), ...inPath]) {
    const found = await execute(candidate, ['--version']).then(
      ({ stdout }) => stdout,
      () => '',
    )
    if (found.startsWith(`v${major}.`)) return candidate
  }
  return undefined
}

function orNothing(find: () => string): readonly string[] {
  try {
    return [find()]
  } catch {
    return []
  }
}

/** The tests that failed, and why, out of all that the runner printed. */
function failuresIn(tap: string): string {
  const lines = tap.split('\n')
  const found = lines.flatMap((line, at) => (/^\s*not ok /.test(line) ? lines.slice(at, at + 14) : []))
  return found.slice(0, 120).join('\n') || tap.slice(-4000)
}
