import { limits } from '../../limits.ts'
import { StartError } from '../../start-error.ts'

/** One mistake in a seed file. */
export interface SeedIssue {
  file: string
  /** From 1. */
  line: number
  column: number
  /** `pools[0].clients[1].name`; '' is the file. */
  field: string
  message: string
}

/** A seed file with mistakes; the message has a line for each. */
export class SeedError extends StartError {
  override readonly name = 'SeedError'
  readonly issues: readonly SeedIssue[]

  constructor(issues: readonly SeedIssue[]) {
    const sorted = issues.toSorted((a, b) => a.line - b.line || a.column - b.column)
    super('seed', messageOf(sorted))
    this.issues = sorted
  }
}

function messageOf(issues: readonly SeedIssue[]): string {
  const lines = issues.slice(0, limits.seedIssues).map(({ file, line, column, field, message }) => {
    return `${file}:${line}:${column}: ${field === '' ? '' : `${field}: `}${message}`
  })
  const rest = issues.length - lines.length
  return [...lines, ...(rest > 0 ? [`(and ${rest} more)`] : [])].join('\n')
}
