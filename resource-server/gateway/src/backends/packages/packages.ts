import { basename } from 'node:path'
import { createSingleFlight } from '@postern/core'
import type { Command } from '../stdio.ts'
import { BackendError, type BackendLimits, type CheckOptions, type StdioBackend } from '../types.ts'
import { binOf, findPackage, type InstalledPackage } from './bin.ts'
import { findInstalled, installPackage } from './install.ts'
import { type NpxCall, parseNpx, parseRegistrySpec } from './npx.ts'

/** Turns the command of a backend into the one that is really run. */
export interface Packages {
  /** @throws BackendError when a package cannot be had */
  resolve(backend: StdioBackend, options?: CheckOptions): Promise<Command>
}

export interface PackagesOptions {
  /** The folder that packages are installed into. */
  readonly folder: string
  readonly limits: BackendLimits
}

/**
 * `npx package` becomes `node <file>`: npx itself costs seconds and 90 MB at each start, and goes to the network. A
 * package that is installed beside the service (or the gateway) is taken; else it is installed once, for good: another
 * version is had by naming it. Other commands stay as they are. A resolver for `uvx` would stand beside this one.
 */
export function createPackages({ folder, limits }: PackagesOptions): Packages {
  const flight = createSingleFlight<InstalledPackage>()
  const obtain = async (spec: string, from: string, options: CheckOptions): Promise<InstalledPackage> =>
    (await findBeside(spec, from)) ??
    (await findInstalled(spec, folder)) ??
    (await flight(spec, () => installPackage({ spec, folder, limits, ...options })))

  return {
    async resolve(backend, options = {}) {
      const npx = asNpx(backend)
      if (npx === undefined) return { command: backend.command, args: backend.args ?? [] }
      const found = await obtain(npx.spec, backend.cwd ?? process.cwd(), options)
      const bin = binOf(found, npx.program)
      if ('problem' in bin) throw new BackendError('failed', bin.problem)
      return { command: process.execPath, args: [bin.file, ...npx.args] }
    },
  }
}

function asNpx({ command, args = [] }: StdioBackend): NpxCall | undefined {
  return /^npx(?:\.cmd)?$/i.test(basename(command)) ? parseNpx(args) : undefined
}

async function findBeside(spec: string, from: string): Promise<InstalledPackage | undefined> {
  const wanted = parseRegistrySpec(spec)
  if (wanted === undefined) return undefined
  const found = await findPackage(wanted.name, from)
  return wanted.version === undefined || found?.manifest['version'] === wanted.version ? found : undefined
}
