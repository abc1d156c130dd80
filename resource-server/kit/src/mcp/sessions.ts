import { randomBase64url } from '@postern/core'
import type { AuthInfo } from '../auth-info.ts'
import { limits } from '../limits.ts'
import { ConfigError } from '../options/config-error.ts'
import { readFunction, readNumber, readRecord } from '../options/fields.ts'

export interface SessionsOptions<T> {
  /** Sessions that are kept; above that the one not used for longest ends. Default 10,000. */
  readonly max?: number
  /** Sessions of one caller that are kept; above that the caller's own oldest ends. Default 100. */
  readonly maxPerCaller?: number
  /** Called with a session that had to make room. */
  readonly onEvict?: (session: T) => void
}

/** Sessions, each found only by who opened it. */
export interface Sessions<T> {
  /** Keeps a session for its caller. Throws a TypeError for an id that is taken. */
  set(id: string, auth: AuthInfo, session: T): void
  /** The caller's session; undefined where there is none of that id, or where it is another caller's. */
  get(id: string | undefined, auth: AuthInfo): T | undefined
  /** Forgets a session, for transports that have closed. */
  delete(id: string): void
  readonly size: number
}

/**
 * Who is behind a credential, whatever token they have at the moment: issuer, subject and client. Throws a TypeError where
 * the credential names nobody.
 */
export function callerKey(auth: AuthInfo): string {
  if (isNameless(auth))
    throw new TypeError('the verifier gives no subject, so its callers cannot be told apart; add one')
  const { issuer, subject, clientId } = auth
  return JSON.stringify([issuer, subject, clientId])
}

/** The same, to compare and never to show, for a token may be in it: who has no name goes by the token, so that with another one they are somebody else. */
export function ownerKey(auth: AuthInfo): string {
  return isNameless(auth) ? JSON.stringify([auth.issuer, auth.token]) : callerKey(auth)
}

/** A custom verifier may know the client alone, which many people have in common. */
function isNameless({ kind, subject, clientId }: AuthInfo): boolean {
  return subject === '' && (kind === 'custom' || clientId === '')
}

/** An id for a session: 192 bits from the runtime's secure generator, and nothing of the caller's in it. */
export function createSessionId(): string {
  return randomBase64url(24)
}

/** What the SDKs' transports answer, with status 404, for a session that does not exist. */
export const sessionNotFound = Object.freeze({
  jsonrpc: '2.0',
  error: Object.freeze({ code: -32001, message: 'Session not found' }),
  id: null,
})

/**
 * Makes the store of a stateful server's transports. A session id is no credential: to anybody but the caller who opened
 * the session it is unknown, on POST, GET and DELETE alike. A refreshed token is the same caller, unless a custom verifier
 * gave no subject; another client of the same person is not. It is bounded, and one caller's sessions drive out no other's
 * before `max` is reached.
 *
 * @example
 * const sessions = bindSessions<StreamableHTTPServerTransport>()
 * const transport = sessions.get(req.get('mcp-session-id'), authOf(req)) // undefined: answer 404
 */
export function bindSessions<T>(options: SessionsOptions<T> = {}): Sessions<T> {
  readRecord(options, 'sessions', ['max', 'maxPerCaller', 'onEvict'])
  const onEvict = readFunction(options.onEvict, 'onEvict')
  const max = readWhole(options.max, 'max', limits.sessions)
  const maxPerCaller = readWhole(options.maxPerCaller, 'maxPerCaller', limits.sessionsPerCaller)
  // Maps and sets keep the order of insertion, and each use inserts anew: the first is the one not used for longest.
  const sessions = new Map<string, { readonly caller: string; readonly session: T }>()
  const byCaller = new Map<string, Set<string>>()

  const remove = (id: string): T | undefined => {
    const found = sessions.get(id)
    if (found === undefined) return undefined
    sessions.delete(id)
    const own = byCaller.get(found.caller)
    own?.delete(id)
    if (own?.size === 0) byCaller.delete(found.caller)
    return found.session
  }
  const insert = (id: string, caller: string, session: T): Set<string> => {
    sessions.set(id, { caller, session })
    const own = byCaller.get(caller) ?? new Set()
    byCaller.set(caller, own.add(id))
    return own
  }
  const evict = (ids: Iterable<string>): void => {
    for (const id of ids) {
      const session = remove(id)
      if (session !== undefined) onEvict?.(session)
      return
    }
  }

  return {
    set(id, auth, session) {
      if (sessions.has(id)) throw new TypeError('a session id is taken once only')
      const own = insert(id, ownerKey(auth), session)
      if (own.size > maxPerCaller) evict(own)
      if (sessions.size > max) evict(sessions.keys())
    },
    get(id, auth) {
      const found = id === undefined ? undefined : sessions.get(id)
      if (id === undefined || found === undefined || found.caller !== ownerKey(auth)) return undefined
      remove(id)
      insert(id, found.caller, found.session)
      return found.session
    },
    delete: (id) => void remove(id),
    get size() {
      return sessions.size
    },
  }
}

function readWhole(value: unknown, path: string, fallback: number): number {
  const number = readNumber(value, path, { min: 1, max: limits.sessionsMax, fallback })
  if (!Number.isInteger(number)) throw new ConfigError(path, 'must be a whole number')
  return number
}
