export type FetchProblemCode =
  | 'bad_url'
  | 'scheme'
  | 'credentials'
  | 'blocked'
  | 'redirect'
  | 'timeout'
  | 'aborted'
  | 'too_large'
  | 'encoding'
  | 'status'
  | 'not_json'
  | 'network'

/** Why an outbound request failed. The message may be logged: of the URL it holds origin and path, of the answer nothing. */
export class FetchProblem extends Error {
  readonly code: FetchProblemCode
  /** The answer's HTTP status, where there was one. */
  readonly status: number | undefined

  constructor(code: FetchProblemCode, message: string, status?: number) {
    super(message)
    this.name = 'FetchProblem'
    this.code = code
    this.status = status
  }
}
