import { readFile, realpath } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { isJsonObject, type JsonObject } from '../json-rpc.ts'

/** A package in a folder, ready to be run. */
export interface InstalledPackage {
  readonly folder: string
  readonly manifest: JsonObject
}

/** Reads the package in a folder; undefined when there is none. */
export async function readPackage(folder: string): Promise<InstalledPackage | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    return isJsonObject(manifest) ? { folder: await realpath(folder), manifest } : undefined
  } catch {
    return undefined
  }
}

/** Looks for a package as Node does: in `node_modules` of `from` and of each folder above it. */
export async function findPackage(name: string, from: string): Promise<InstalledPackage | undefined> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = await readPackage(join(folder, 'node_modules', name))
    if (found !== undefined || folder === dirname(folder)) return found
  }
}

export type BinProblem = { readonly problem: string }

/** The file of a package's program: the one that was named, the one called like the package, or the only one. */
export function binOf(
  { folder, manifest }: InstalledPackage,
  program?: string,
): { readonly file: string } | BinProblem {
  const name = typeof manifest['name'] === 'string' ? manifest['name'] : 'the package'
  const bins = binsOf(manifest, shortName(name))
  const names = [...bins.keys()]
  const wanted = program ?? (bins.has(shortName(name)) ? shortName(name) : names.length === 1 ? names[0] : undefined)
  const path = wanted === undefined ? undefined : bins.get(wanted)
  if (path === undefined) return { problem: noBin(name, names, program) }
  const file = resolve(folder, path)
  if (!file.startsWith(folder + sep)) return { problem: `\`${name}\` names a program outside of its own folder` }
  return { file }
}

function binsOf({ bin }: JsonObject, name: string): Map<string, string> {
  if (typeof bin === 'string') return new Map([[name, bin]])
  const bins = new Map<string, string>()
  if (!isJsonObject(bin)) return bins
  for (const [key, path] of Object.entries(bin)) {
    if (typeof path === 'string') bins.set(key, path)
  }
  return bins
}

function noBin(name: string, names: readonly string[], program: string | undefined): string {
  if (names.length === 0) return `\`${name}\` has no program to run: it is a library`
  const choice = names.map((known) => `\`${known}\``).join(', ')
  if (program !== undefined) return `\`${name}\` has no program \`${program}\`; it has ${choice}`
  return `\`${name}\` has several programs, ${choice}: name one with \`npx -p ${name} <program>\``
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
