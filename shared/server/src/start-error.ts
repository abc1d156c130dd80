export type StartErrorCode =
  | 'setting'
  | 'secret_file'
  | 'encryption_key'
  | 'seed'
  | 'data_folder'
  | 'database_url'
  | 'database_unreachable'
  | 'database_corrupt'
  | 'database_newer'
  | 'database_foreign'
  | 'database_locked'
  | 'database_unsafe'
  | 'port_busy'
  | 'listen_failed'
  | 'tls'

/**
 * A reason why a server cannot start. The message is one sentence (a few for several mistakes) that names the mend;
 * `main` prints it without a stack and exits 1. It never carries a secret.
 */
export class StartError extends Error {
  override readonly name: string = 'StartError'
  readonly code: StartErrorCode

  constructor(code: StartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The code of a system or driver error (`EACCES`, `SQLITE_BUSY`, `28P01`), or ''. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** The message of whatever was thrown, on one line. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message || errorCode(error) || error.name : String(error)
  return text.replace(/\s+/g, ' ').trim()
}
