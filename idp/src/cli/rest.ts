import { Failure } from './failure.ts'
import { adminTokenFile, type Server } from './servers.ts'
import type { Terminal } from './terminal.ts'

export interface Call {
  readonly method: 'GET' | 'POST'
  /** Below /api/v1, with its query. */
  readonly path: string
  readonly body?: unknown
}

const timeoutMs = 120_000

/**
 * Calls a management API and gives the JSON of its answer.
 * @throws Failure `unreachable` when nobody answers, `refused` on 4xx, `failed` on 5xx or on an answer that is not Postern's.
 */
export async function callServer(server: Server, call: Call, env: Terminal['env']): Promise<unknown> {
  const response = await send(server, call)
  const text = await response.text().catch((error: unknown) => {
    throw unreachable(server, error)
  })
  const value = parse(text)
  if (response.ok && value !== undefined) return value
  throw refusal(server, response.status, value, env)
}

/** @throws Failure `unreachable` where nobody answers. */
export async function reach(server: Server): Promise<void> {
  const response = await fetch(`${server.url}/healthz`, { signal: AbortSignal.timeout(10_000) }).catch(
    (error: unknown) => {
      throw unreachable(server, error)
    },
  )
  await response.body?.cancel()
}

async function send(server: Server, { method, path, body }: Call): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (server.adminToken !== undefined) headers['authorization'] = `Bearer ${server.adminToken}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  const init = body === undefined ? {} : { body: JSON.stringify(body) }
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    return await fetch(`${server.url}/api/v1${path}`, { method, headers, redirect: 'manual', signal, ...init })
  } catch (error) {
    throw unreachable(server, error)
  }
}

function unreachable(server: Server, error: unknown): Failure {
  const why = causeOf(error)
  const option = server.name === 'gateway' ? '--gateway-url' : '--idp-url'
  return new Failure(
    'unreachable',
    `The ${server.name} does not answer at ${server.url} (${why}). Start it with \`npm start\` or \`docker compose up\`, or say with ${option} where it is.`,
    { url: server.url },
  )
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no connection'
  if (error.name === 'TimeoutError') return 'no answer in time'
  const { cause } = error
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof Error ? cause.message : error.message
}

function refusal(server: Server, status: number, value: unknown, env: Terminal['env']): Failure {
  const problem = isRecord(value) && typeof value['detail'] === 'string' ? value : undefined
  if (!problem) {
    return new Failure(
      'failed',
      `${server.url} answered ${status} without a word that Postern would use; is another program on that port?`,
      { status },
    )
  }
  const kind = status >= 500 ? 'failed' : 'refused'
  if (status === 401) return new Failure(kind, tokenAdvice(server, env), { status, problem })
  return new Failure(
    kind,
    [`The ${server.name} answered ${status}: ${problem['detail']}`, ...fieldErrors(problem)].join('\n'),
    { status, problem },
  )
}

function tokenAdvice(server: Server, env: Terminal['env']): string {
  const where = `--admin-token, POSTERN_ADMIN_TOKEN or the file ${adminTokenFile(env)} (POSTERN_DATA_DIR)`
  return server.adminToken === undefined
    ? `The ${server.name} wants its admin token, and none was found; give it with ${where}.`
    : `The ${server.name} does not know this admin token; look at ${where}.`
}

function fieldErrors(problem: Readonly<Record<string, unknown>>): string[] {
  const errors = Array.isArray(problem['errors']) ? problem['errors'] : []
  return errors.filter(isRecord).map(({ field, message }) => `  ${String(field)}: ${String(message)}`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
