import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import type { ImportSite } from './read-imports.ts'
import { entriesOf, reachedFrom, type Target } from './shipped.ts'
import { confined, type Floor, type Workspace, workspaces } from './workspaces.ts'

/** What a package.json says about imports. */
export interface Manifest {
  readonly name?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly imports?: Target
  readonly exports?: Target
}

/** Where the rule reads manifests: by workspace folder ('' is the root), and by name of an installed package. */
export interface Manifests {
  readonly workspace: (folder: string) => Manifest
  readonly installed: (name: string) => Manifest | undefined
}

export type RuleName =
  | 'workspace-arrow'
  | 'relative-across'
  | 'core-pure'
  | 'kit-lean'
  | 'node-module'
  | 'floor'
  | 'no-floor'
  | 'face-to-face'
  | 'apart'
  | 'confined'
  | 'deep-import'
  | 'undeclared'
  | 'unknown-import'

export interface Finding {
  readonly path: string
  readonly line: number
  readonly column: number
  readonly rule: RuleName
  readonly message: string
}

interface Place {
  readonly path: string
  /** The path inside its workspace. */
  readonly inner: string
  readonly workspace: Workspace
  readonly isTest: boolean
  readonly manifests: Manifests
}

type Refusal = readonly [RuleName, string]

/** Judges the imports of every file. Files outside the workspaces are no business of the rule. */
export function judgeImports(imports: ReadonlyMap<string, readonly ImportSite[]>, manifests: Manifests): Finding[] {
  const findings: Finding[] = []
  const forTests = filesForTests(imports, manifests)
  for (const [path, sites] of imports) {
    const workspace = workspaces.find((one) => path.startsWith(`${one.folder}/`))
    if (!workspace) continue
    const inner = path.slice(workspace.folder.length + 1)
    const isTest = workspace.folder === 'test' || forTests.has(path)
    const place: Place = { path, inner, workspace, isTest, manifests }
    const homeless = unplaced(place)
    if (homeless) findings.push({ path, line: 1, column: 1, rule: homeless[0], message: homeless[1] })
    for (const site of sites) {
      const refusal = judge(place, site)
      if (refusal) findings.push({ path, line: site.line, column: site.column, rule: refusal[0], message: refusal[1] })
    }
  }
  return findings
}

/** Tests, and what tests alone use: no package leads to it. */
function filesForTests(imports: ReadonlyMap<string, readonly ImportSite[]>, manifests: Manifests): ReadonlySet<string> {
  const entries = workspaces.flatMap(({ folder }) =>
    entriesOf(manifests.workspace(folder)).map((entry) => `${folder}/${entry}`),
  )
  const tests = [...imports.keys()].filter((path) => path.endsWith('.test.ts'))
  const shipped = reachedFrom(entries, imports)
  return new Set([...reachedFrom(tests, imports)].filter((path) => !shipped.has(path)))
}

function judge(place: Place, site: ImportSite): Refusal | undefined {
  const { specifier } = site
  if (specifier.startsWith('.')) return judgeRelative(place, specifier)
  if (specifier.startsWith('#')) return judgeInternal(place, specifier)
  if (specifier.startsWith('/') || /^(?!node:)[a-z]+:/.test(specifier)) {
    return ['unknown-import', `'${specifier}' is neither a relative path nor a package; import a package by its name`]
  }
  if (isBuiltin(specifier)) return judgeBuiltin(place, specifier)
  return judgePackage(place, site)
}

function judgeRelative(place: Place, specifier: string): Refusal | undefined {
  const target = posix.join(posix.dirname(place.path), specifier)
  const inside = place.workspace
  if (!target.startsWith(`${inside.folder}/`)) {
    return ['relative-across', `'${specifier}' leaves ${inside.folder}; import the other workspace by its package name`]
  }
  return place.isTest ? undefined : judgeFloors(place, target.slice(inside.folder.length + 1))
}

function judgeFloors(place: Place, targetInner: string): Refusal | undefined {
  const { floors, apart = [] } = place.workspace
  if (!floors) return undefined
  const from = standing(floors, place.inner)
  const to = standing(floors, targetInner)
  if (!from || !to || from.room === to.room) return undefined
  const step = `${from.room} > ${to.room}`
  if (apart.includes(from.room))
    return ['apart', `${step}: ${from.room} reaches the servers over REST alone; call the server instead`]
  if (from.level < to.level) return undefined
  if (from.level > to.level)
    return ['floor', `${step}: ${from.floor.name} must not import ${to.floor.name}; turn the arrow round`]
  if (from.floor.within === 'any' || from.floor.within?.includes(step)) return undefined
  const rule = from.floor.name === 'faces' ? 'face-to-face' : 'floor'
  return [
    rule,
    `${step}: rooms of the floor '${from.floor.name}' do not import one another; move what they share down a floor`,
  ]
}

function standing(floors: readonly Floor[], inner: string) {
  const path = inner.replace(/^src\//, '')
  for (const [level, floor] of floors.entries()) {
    const room = floor.rooms.find((one) => path === one || path.startsWith(`${one}/`))
    if (room) return { level, floor, room }
  }
  return undefined
}

function unplaced(place: Place): Refusal | undefined {
  const { floors } = place.workspace
  if (!floors || place.isTest || !place.inner.startsWith('src/') || standing(floors, place.inner)) return undefined
  return ['no-floor', `${place.path} stands on no floor; name its room in test/house/workspaces.ts`]
}

function judgeInternal(place: Place, specifier: string): Refusal | undefined {
  const { imports } = place.manifests.workspace(place.workspace.folder)
  if (isRecord(imports) && matchesKey(Object.keys(imports), specifier)) return undefined
  return ['unknown-import', `'${specifier}' is not in "imports" of ${place.workspace.folder}/package.json`]
}

function judgeBuiltin(place: Place, specifier: string): Refusal | undefined {
  const { nodeOnlyIn } = place.workspace
  if (!nodeOnlyIn || place.isTest) return undefined
  const allowed = [...nodeOnlyIn, ...nodeConditionFiles(place)]
  if (allowed.some((one) => (one.endsWith('/') ? place.inner.startsWith(one) : place.inner === one))) return undefined
  return [
    'node-module',
    `'${specifier}' in a runtime-neutral file; only ${allowed.join(', ')} may import node: modules`,
  ]
}

/** The files behind a "node" condition of the workspace's own "imports". */
function nodeConditionFiles(place: Place): string[] {
  const { imports } = place.manifests.workspace(place.workspace.folder)
  return Object.values(isRecord(imports) ? imports : {}).flatMap((target) => {
    const node = isRecord(target) ? target['node'] : undefined
    return typeof node === 'string' ? [node.replace(/^\.\//, '')] : []
  })
}

function judgePackage(place: Place, site: ImportSite): Refusal | undefined {
  const name = packageName(site.specifier)
  return (
    judgeArrow(place, name) ??
    judgeConfined(place, name) ??
    judgeLean(place, name, site) ??
    judgeDeclared(place, name, site) ??
    judgeDeep(place, name, site)
  )
}

function judgeArrow({ workspace, isTest }: Place, name: string): Refusal | undefined {
  if (!name.startsWith('@postern/') || workspace.arrows.includes(name) || (isTest && name === workspace.name))
    return undefined
  if (workspace.name === '@postern/core') return ['core-pure', `@postern/core imports nothing, not even ${name}`]
  return ['workspace-arrow', `${workspace.name} must not import ${name}; it may import ${workspace.arrows.join(', ')}`]
}

function judgeConfined(place: Place, name: string): Refusal | undefined {
  const home = confined[name]
  if (!home || place.workspace.folder === 'test') return undefined
  if (place.path.startsWith(`${home.workspace}/${home.room}`)) return undefined
  return ['confined', `only ${home.workspace}/${home.room} knows ${name}; call what that room exports`]
}

function judgeLean({ workspace, isTest, inner }: Place, name: string, site: ImportSite): Refusal | undefined {
  const { packages } = workspace
  if (!packages || isTest || name.startsWith('@postern/') || packages.includes(name)) return undefined
  if (packages.length === 0)
    return ['core-pure', `${workspace.name} has no dependency; write what it needs of ${name} in it`]
  const atTheEdge = inner.startsWith('src/adapters/') || inner.startsWith('src/mcp/')
  if (atTheEdge && site.typeOnly) return undefined
  return [
    'kit-lean',
    `${workspace.name} imports ${packages.join(', ')} and core alone; an adapter may 'import type' from ${name}`,
  ]
}

function judgeDeclared(place: Place, name: string, site: ImportSite): Refusal | undefined {
  if (place.isTest && name === place.workspace.name) return undefined
  const own = place.manifests.workspace(place.workspace.folder)
  const root = place.manifests.workspace('')
  const declared = { ...own.dependencies, ...own.peerDependencies, ...own.optionalDependencies }
  const development = { ...own.devDependencies, ...root.devDependencies }
  const has = (list: Readonly<Record<string, string>>, one: string) => Object.hasOwn(list, one)
  if (has(declared, name) || (place.isTest && has(development, name))) return undefined
  const types = `@types/${name.replace(/^@([^/]+)\//, '$1__')}`
  if (site.typeOnly && (has(declared, types) || has(development, types) || has(development, name))) return undefined
  return ['undeclared', `${place.workspace.folder}/package.json does not declare ${name}`]
}

function judgeDeep(place: Place, name: string, { specifier }: ImportSite): Refusal | undefined {
  const manifest = place.manifests.installed(name)
  const subpath = `.${specifier.slice(name.length)}`
  if (subpath === '.' || !manifest) return undefined
  const keys = isRecord(manifest.exports) ? Object.keys(manifest.exports) : []
  if (matchesKey(keys, subpath)) return undefined
  return ['deep-import', `'${specifier}' is a private file of ${name}; its package.json does not export ${subpath}`]
}

/** Whether a subpath stands among the keys of "exports" or "imports", where one `*` stands for anything. */
function matchesKey(keys: readonly string[], subpath: string): boolean {
  return keys.some((key) => {
    const [head = '', tail] = key.split('*')
    return tail === undefined
      ? key === subpath
      : subpath.startsWith(head) && subpath.endsWith(tail) && subpath.length > head.length + tail.length
  })
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
