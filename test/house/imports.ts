import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { judgeImports, type Manifest, type Manifests } from './import-rule.ts'
import { readImports } from './read-imports.ts'
import { workspaces } from './workspaces.ts'

const root = join(import.meta.dirname, '..', '..')

/** The manifests of this checkout, each read once. */
export function checkoutManifests(): Manifests {
  const seen = new Map<string, Manifest | undefined>()
  const read = (path: string): Manifest | undefined => {
    if (!seen.has(path)) seen.set(path, readManifest(path))
    return seen.get(path)
  }
  return {
    workspace: (folder) => read(join(root, folder, 'package.json')) ?? {},
    installed: (name) => read(join(root, 'node_modules', name, 'package.json')),
  }
}

function readManifest(path: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function readSources(): Map<string, string> {
  const patterns = workspaces.map(({ folder }) => `${folder}/**/*.ts`)
  const exclude = (name: string) => /(?:^|\/)(?:node_modules|dist)(?:\/|$)/.test(name)
  const paths = globSync(patterns, { cwd: root, exclude }).map((path) => path.replaceAll('\\', '/'))
  return new Map(paths.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

if (import.meta.main) {
  const sources = readSources()
  const findings = judgeImports(readImports(sources), checkoutManifests())
  for (const { path, line, column, rule, message } of findings) {
    console.error(`${path}:${line}:${column} ${rule}: ${message}`)
  }
  console.log(`imports: ${sources.size} files, ${findings.length} against the rule`)
  if (findings.length > 0) process.exitCode = 1
}
