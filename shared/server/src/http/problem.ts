import { STATUS_CODES } from 'node:http'
import type { ProblemCode, ProblemReply } from '../contract/problem.ts'
import type { FieldError } from '../contract/validate.ts'
import { limits } from '../limits.ts'

/** A refusal that a handler throws; it is answered as a problem document (RFC 9457). */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly status: number
  readonly code: ProblemCode
  readonly errors: readonly FieldError[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    code: ProblemCode,
    detail: string,
    errors: readonly FieldError[],
    headers: Readonly<Record<string, string>>,
  ) {
    super(detail)
    this.status = status
    this.code = code
    this.errors = errors
    this.headers = headers
  }
}

/**
 * Refuses the request.
 *
 * @param detail one sentence for the caller; it names the mend, and no secret
 * @throws HttpProblem always
 */
export function problem(
  status: number,
  code: ProblemCode,
  detail: string,
  errors: readonly FieldError[] = [],
  headers: Readonly<Record<string, string>> = {},
): never {
  throw new HttpProblem(status, code, detail, errors, headers)
}

/**
 * Refuses wrong fields: 400, but 409 where nothing is wrong besides a field that cannot change, a name that is taken
 * or a limit that is reached. The first hundred are named.
 *
 * @throws HttpProblem always
 */
export function fieldProblem(errors: readonly FieldError[]): never {
  const first = errors[0]
  const conflicts = ['immutable', 'limit', 'duplicate', 'in_use'] as const
  const conflict = conflicts.find((code) => code === first?.code)
  const isConflict = conflict !== undefined && errors.every(({ code }) => conflicts.some((one) => one === code))
  return problem(
    isConflict ? 409 : 400,
    isConflict ? conflict : 'invalid_request',
    summary(errors),
    errors.slice(0, limits.fieldErrors),
  )
}

function summary(errors: readonly FieldError[]): string {
  const first = errors[0]
  if (first === undefined) return 'the request is wrong'
  const where = first.field === '' ? 'the body' : first.field
  return `${where}: ${first.message}${errors.length > 1 ? ` (and ${errors.length - 1} more, see errors)` : ''}`
}

/** The document of a refusal. */
export function problemDocument(refusal: HttpProblem, requestId: string): ProblemReply {
  return {
    type: 'about:blank',
    title: STATUS_CODES[refusal.status] ?? 'Error',
    status: refusal.status,
    detail: refusal.message,
    code: refusal.code,
    requestId,
    errors: [...refusal.errors],
  }
}
