import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { pack } from '../house/pack.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** Packs the kit and what it is made of, and unpacks both where a program in `folder` finds them; npm is not asked, so nothing is fetched. */
export async function installKit(folder: string): Promise<void> {
  const tarballs = await pack(join(folder, 'tarballs'), ['shared/core', 'resource-server/kit'])
  for (const name of ['core', 'resource-server']) {
    const tarball = tarballs.find((path) => basename(path).startsWith(`postern-${name}-`)) ?? assert.fail(name)
    const target = join(folder, 'node_modules', '@postern', name)
    await mkdir(target, { recursive: true })
    await execute('tar', ['-xzf', tarball, '--strip-components=1', '-C', target])
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }))
}

/** Lets programs in `folder` find packages of the checkout, or of another folder where packages are installed. */
export async function linkPackages(folder: string, names: readonly string[], from = root): Promise<void> {
  for (const name of names) {
    const path = join(folder, 'node_modules', name)
    await mkdir(dirname(path), { recursive: true })
    await symlink(join(from, 'node_modules', name), path, 'dir')
  }
}
