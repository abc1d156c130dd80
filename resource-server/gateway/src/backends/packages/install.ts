import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installerEnvironment } from '../environment.ts'
import { isJsonObject } from '../json-rpc.ts'
import { type ChildProcess, SpawnError, startProcess } from '../process.ts'
import { createTail, printable } from '../text.ts'
import { BackendError, type BackendLimits } from '../types.ts'
import { type InstalledPackage, readPackage } from './bin.ts'

export interface InstallOptions {
  readonly spec: string
  /** The folder of all installed packages. */
  readonly folder: string
  readonly limits: BackendLimits
  readonly signal?: AbortSignal
  readonly onProgress?: (line: string) => void
}

/** A package that was installed before under the same spec. */
export async function findInstalled(spec: string, folder: string): Promise<InstalledPackage | undefined> {
  return await onlyDependency(folderOf(spec, folder))
}

/**
 * Installs a package into a folder of its own with the user's npm, whose cache is asked before the network. The folder
 * appears as a whole or not at all.
 * @throws BackendError with npm's own words
 */
export async function installPackage(options: InstallOptions): Promise<InstalledPackage> {
  const { spec, folder, onProgress } = options
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const building = await mkdtemp(join(folder, '.building-'))
  try {
    await writeFile(join(building, 'package.json'), '{"private": true}\n')
    onProgress?.(`installing ${spec} with npm`)
    await runNpm(building, options)
    const place = folderOf(spec, folder)
    // Somebody else may have been faster; theirs is as good.
    await rename(building, place).catch(() => {})
    const installed = await onlyDependency(place)
    if (installed === undefined)
      throw new BackendError('failed', `npm installed \`${spec}\`, but no package came of it`)
    onProgress?.(`installed ${spec}`)
    return installed
  } finally {
    await rm(building, { recursive: true, force: true })
  }
}

function folderOf(spec: string, folder: string): string {
  const readable = spec.replace(/[^a-z0-9.-]+/gi, '_').slice(0, 60)
  return join(folder, `${readable}-${createHash('sha256').update(spec).digest('hex').slice(0, 16)}`)
}

async function onlyDependency(folder: string): Promise<InstalledPackage | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const dependencies = isJsonObject(manifest) ? manifest['dependencies'] : undefined
    const name = isJsonObject(dependencies) ? Object.keys(dependencies)[0] : undefined
    return name === undefined ? undefined : await readPackage(join(folder, 'node_modules', name))
  } catch {
    return undefined
  }
}

const npmArguments = [
  'install',
  '--prefer-offline',
  '--install-links',
  '--omit=dev',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--no-package-lock',
  '--loglevel=error',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=5000',
] as const

async function runNpm(folder: string, { spec, limits, signal }: InstallOptions): Promise<void> {
  const npm = await startNpm(folder, spec)
  const errors = createTail(limits.stderrBytes)
  npm.stderr.on('data', errors.push)
  npm.stdout.resume()
  const stop = (): void => void npm.stop(limits)
  const timer = setTimeout(stop, limits.installMs)
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted === true) stop()
  const exit = await npm.exited
  clearTimeout(timer)
  signal?.removeEventListener('abort', stop)
  if (exit.code === 0) return
  if (exit.signal !== null) {
    throw new BackendError('failed', `\`${spec}\` could not be installed within ${limits.installMs / 1000} s`)
  }
  throw new BackendError('failed', `\`${spec}\` could not be installed: ${npmWords(errors.text(), limits)}`)
}

async function startNpm(folder: string, spec: string): Promise<ChildProcess> {
  try {
    const args = [...npmArguments, '--prefix', folder, '--', spec]
    return await startProcess({ command: 'npm', args, cwd: folder, env: installerEnvironment() })
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error
    const mend = 'install Node.js with npm, or install the package yourself and give `node` and its file'
    throw new BackendError('failed', `npm, which would install \`${spec}\`, could not be started: ${mend}`, {
      cause: error,
    })
  }
}

/** What npm said, without its decoration, its hints and the pointer to a log that the reader does not have. */
function npmWords(stderr: string, { quotedLength }: BackendLimits): string {
  const lines = stderr
    .split('\n')
    .filter((line) => /^npm (?:error|ERR!)/.test(line))
    .map((line) => line.replace(/^npm (?:error|ERR!)(?: \d{3}| code)?\s*/, '').trim())
    .filter((line) => line !== '' && !noise.test(line))
  return printable(lines.length > 0 ? lines.join('; ') : stderr, 2 * quotedLength) || 'npm failed without a word'
}

const noise = /^Note that you can also install|^tarball, folder|complete log of this run|debug-\d+\.log/
