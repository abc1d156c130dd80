/** Codes of the originals' common errors, with their numbers and statuses. */
const common = {
  MissingParameter: [400, 100002],
  MissingAuthenticationToken: [401, 100003],
  MissingRequestInfo: [400, 100004],
  MissingSignature: [401, 100005],
  InvalidTimestamp: [400, 100006],
  ServiceNotFound: [404, 100007],
  InvalidActionOrVersion: [404, 100008],
  InvalidAccessKey: [401, 100009],
  SignatureDoesNotMatch: [401, 100010],
  AccessDenied: [403, 100013],
  InvalidAuthorization: [400, undefined],
  InvalidCredential: [400, undefined],
  InvalidParameter: [400, undefined],
  RequestEntityTooLarge: [413, undefined],
  FlowLimitExceeded: [429, undefined],
  InternalError: [500, undefined],
} as const satisfies Readonly<Record<string, readonly [number, number | undefined]>>

export type CommonCode = keyof typeof common

/** A refusal in the originals' words. The message is a sentence for the caller and holds no secret. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code: string
  readonly status: number
  readonly codeN: number | undefined

  constructor(code: string, status: number, message: string, codeN?: number) {
    super(message)
    this.code = code
    this.status = status
    this.codeN = codeN
  }
}

/** One of the common errors: number and status are those of its code. */
export function wireError(code: CommonCode, message: string): WireError {
  const [status, codeN] = common[code]
  return new WireError(code, status, message, codeN)
}
