import { SyntaxKind } from 'typescript/unstable/ast'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'

/** One import, re-export, `import()` or type import of a source. */
export interface ImportSite {
  readonly specifier: string
  readonly line: number
  readonly column: number
  readonly typeOnly: boolean
}

const config = {
  compilerOptions: { noResolve: true, noLib: true, types: [], module: 'nodenext', allowImportingTsExtensions: true },
  include: ['**/*.ts'],
}

/**
 * Reads the imports of TypeScript sources, given as text by path (relative to any root), with the compiler's own parser.
 * `import.meta.resolve` is none: it names a module without loading it.
 */
export function readImports(sources: ReadonlyMap<string, string>): Map<string, ImportSite[]> {
  const files: Record<string, string> = {
    '/tsconfig.json': JSON.stringify({ ...config, compilerOptions: { ...config.compilerOptions, noEmit: true } }),
  }
  for (const [path, text] of sources) files[`/${path}`] = text
  const api = new API({ fs: createVirtualFileSystem(files), cwd: '/' })
  try {
    using snapshot = api.updateSnapshot({ openProjects: ['/tsconfig.json'] })
    const program = snapshot.getProject('/tsconfig.json')?.program
    if (!program) throw new Error('The TypeScript compiler opened no project for the import rule')
    return new Map([...sources].map(([path, text]) => [path, sitesOf(program.getSourceFile(`/${path}`), path, text)]))
  } finally {
    api.close()
  }
}

type Program = NonNullable<ReturnType<ReturnType<API['updateSnapshot']>['getProject']>>['program']
type SourceFile = ReturnType<Program['getSourceFile']>

function sitesOf(file: SourceFile, path: string, text: string): ImportSite[] {
  if (!file) throw new Error(`The TypeScript compiler did not read ${path}`)
  return file.imports.map((literal) => {
    const before = text.slice(0, literal.getStart(file)).split('\n')
    return {
      specifier: literal.getText(file).slice(1, -1),
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      typeOnly: isTypeOnly(literal.parent.getText(file), literal.parent.kind),
    }
  })
}

function isTypeOnly(statement: string, kind: SyntaxKind): boolean {
  if (kind === SyntaxKind.LiteralType) return true
  return /^(?:import|export)\s+type\b(?!\s+from\b)/.test(statement)
}
