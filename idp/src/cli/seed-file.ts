import { loadSeed, type Seed, SeedError, type SeedIssue, StartError } from '@postern/server'
import { Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Reads and checks a seed file. @throws Failure with every mistake as `file:line:column field message`. */
export async function readSeed(file: string, env: Terminal['env']): Promise<Seed> {
  try {
    return await loadSeed(file, env)
  } catch (error) {
    if (error instanceof SeedError) throw mistakes(file, error)
    if (error instanceof StartError) throw new Failure('failed', error.message)
    throw error
  }
}

function mistakes(file: string, { issues }: SeedError): Failure {
  const many = `${issues.length} mistake${issues.length === 1 ? '' : 's'}`
  return new Failure('failed', [`${file} has ${many}:`, ...issueLines(issues)].join('\n'), { issues })
}

/** A line for each mistake: `file:line:column field message`. */
export function issueLines(issues: readonly SeedIssue[]): string[] {
  return issues.map(({ file, line, column, field, message }) => `  ${file}:${line}:${column} ${field} ${message}`)
}
