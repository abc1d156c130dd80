import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { packedManifest, type WorkspaceManifest } from './packed-manifest.ts'
import { entriesOf } from './shipped.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** What is packed, those that others depend on first. */
export const packed = ['shared/core', 'shared/server', 'resource-server/kit', 'resource-server/gateway', 'idp'] as const

/**
 * Compiles the packages, or some of them with what they depend on, stages each on its `dist` with a package.json of its own, and writes their tarballs into
 * `destination`. Gives the paths of the tarballs.
 */
export async function pack(
  destination: string,
  folders: readonly (typeof packed)[number][] = packed,
): Promise<string[]> {
  const stage = await mkdtemp(join(tmpdir(), 'postern-pack-'))
  try {
    await compile(stage, folders)
    await mkdir(destination, { recursive: true })
    const tarballs: string[] = []
    for (const folder of folders) {
      await stagePackage(folder, stage)
      tarballs.push(await packFolder(join(stage, 'packages', folder), destination))
    }
    return tarballs
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

/**
 * Compiles what the packages lead to, tests left out, so that they see each other's sources as they do in the checkout.
 * Every file is named to the compiler: what it finds by following imports into another package it may take for a part of
 * node_modules, which it does not emit, and with a busy machine's order of reading it did (TypeScript 7.0).
 */
async function compile(stage: string, folders: readonly string[]): Promise<void> {
  const entries = folders.map(async (folder) =>
    entriesOf(await readManifest(folder)).map((entry) => join(root, folder, entry)),
  )
  const listed = await tsc(stage, (await Promise.all(entries)).flat(), ['--listFilesOnly'])
  const files = listed.split(/\r?\n/).filter(isSource)
  await tsc(stage, files)
  const missing = files.filter((file) => !existsSync(emitted(stage, file)))
  if (missing.length > 0) throw new Error(`The compiler wrote nothing for ${missing.join(', ')}`)
}

/** Whether a file that the compiler has read is a source of the checkout, and no declaration. */
function isSource(path: string): boolean {
  return path.startsWith(root) && path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.includes('/node_modules/')
}

function emitted(stage: string, file: string): string {
  return join(stage, 'out', `${relative(root, file).slice(0, -'ts'.length)}js`)
}

async function tsc(stage: string, files: readonly string[], options: readonly string[] = []): Promise<string> {
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rootDir: root,
      outDir: join(stage, 'out'),
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    files,
    include: [],
  }
  const path = join(stage, 'tsconfig.json')
  await writeFile(path, JSON.stringify(config))
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [compiler, '--project', path, ...options]
  const running = execute(process.execPath, args, { maxBuffer: 16 * 1024 * 1024 })
  const { stdout } = await running.catch((error: Error & { stdout?: string }) => {
    throw new Error(`The packages do not compile:\n${error.stdout ?? error.message}`)
  })
  return stdout
}

async function stagePackage(folder: string, stage: string): Promise<void> {
  const source = join(root, folder)
  const target = join(stage, 'packages', folder)
  const manifest = await readManifest(folder)
  const packed = packedManifest(manifest)
  await mkdir(target, { recursive: true })
  await cp(join(stage, 'out', folder, 'src'), join(target, 'dist'), { recursive: true })
  if (manifest.bin) await cp(join(source, 'bin'), join(target, 'bin'), { recursive: true })
  await cp(join(root, 'LICENSE'), join(target, 'LICENSE'))
  await writeFile(join(target, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`)
  await writeFile(join(target, 'README.md'), readme(packed))
}

async function readManifest(folder: string): Promise<WorkspaceManifest> {
  return JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'))
}

function readme({ name, description }: { name: string; description: string }): string {
  return `# ${name}\n\n${description}. Part of Postern; its README tells how the parts go together.\n`
}

async function packFolder(folder: string, destination: string): Promise<string> {
  const npm = process.env['npm_execpath']
  const [command, ...first] = npm ? [process.execPath, npm] : ['npm']
  const args = [...first, 'pack', '--json', '--pack-destination', destination]
  const { stdout } = await execute(command ?? 'npm', args, { cwd: folder })
  const [made]: { filename: string }[] = JSON.parse(stdout)
  if (!made) throw new Error(`npm pack made nothing of ${folder}`)
  return join(destination, basename(made.filename))
}

if (import.meta.main) {
  const { positionals } = parseArgs({ allowPositionals: true })
  const tarballs = await pack(resolve(positionals[0] ?? join(root, 'dist', 'packages')))
  for (const tarball of tarballs) console.log(tarball)
}
