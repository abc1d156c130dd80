import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const tsc = join(import.meta.dirname, '..', '..', 'node_modules', 'typescript', 'bin', 'tsc')

export interface Diagnostic {
  readonly file: string
  readonly line: number
  readonly code: string
}

const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--lib', 'es2024,dom']
const more = [
  '--skipLibCheck',
  '--types',
  'node',
  '--ignoreConfig',
  '--allowImportingTsExtensions',
  '--pretty',
  'false',
]

/** What the compiler finds in the files of a program of its own, in a folder with node_modules. */
export async function diagnosticsOf(cwd: string, files: readonly string[]): Promise<Diagnostic[]> {
  const printed = await promisify(execFile)(process.execPath, [tsc, ...options, ...more, ...files], { cwd }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string }) => {
      if (!error.stdout) throw error
      return error.stdout
    },
  )
  const found = [...printed.matchAll(/^(\S.*?)\((\d+),\d+\): error (TS\d+): /gm)]
  if (found.length === 0 && printed.trim() !== '') throw new Error(printed)
  return found.map(([, file = '', line, code = '']) => ({ file, line: Number(line), code }))
}
