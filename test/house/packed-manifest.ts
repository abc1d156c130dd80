import type { Target } from './shipped.ts'

/** The fields of a workspace's package.json that a packed one is made of. */
export interface WorkspaceManifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly type: string
  readonly engines?: Readonly<Record<string, string>>
  readonly sideEffects?: boolean
  readonly bin?: Readonly<Record<string, string>>
  readonly imports?: Target
  readonly exports?: Target
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: unknown
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Kept as they are; what a workspace alone needs (scripts, devDependencies) is left out. */
const kept = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'sideEffects',
  'bin',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'optionalDependencies',
] as const satisfies readonly (keyof WorkspaceManifest)[]

/** These run wherever their users do; the servers need the Node that the house is built on. */
const widelyUsed = ['@postern/core', '@postern/resource-server']

/** The package.json of a tarball: on `dist` instead of source, and with nothing that only a checkout needs. */
export function packedManifest(manifest: WorkspaceManifest): WorkspaceManifest & { readonly files: readonly string[] } {
  const engines = { node: widelyUsed.includes(manifest.name) ? '>=20' : '>=24' }
  return {
    ...pick(manifest),
    engines,
    ...(manifest.imports === undefined ? {} : { imports: onDist(manifest.imports) }),
    ...(manifest.exports === undefined ? {} : { exports: onDist(manifest.exports) }),
    files: manifest.bin ? ['dist', 'bin'] : ['dist'],
  }
}

function pick(manifest: WorkspaceManifest): WorkspaceManifest {
  const entries = kept.filter((field) => manifest[field] !== undefined).map((field) => [field, manifest[field]])
  return Object.fromEntries(entries)
}

/** `./src/x.ts` becomes `./dist/x.js` with its types, under whatever conditions it stands. */
export function onDist(target: Target): Target {
  if (target === null) return null
  if (typeof target !== 'string') {
    return Object.fromEntries(Object.entries(target).map(([key, value]) => [key, onDist(value)]))
  }
  const inner = /^\.\/src\/(.+)\.ts$/.exec(target)?.[1]
  return inner === undefined ? target : { types: `./dist/${inner}.d.ts`, default: `./dist/${inner}.js` }
}
