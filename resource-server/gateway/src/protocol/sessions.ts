import { randomBytes } from 'node:crypto'
import type { Clock } from '@postern/core'
import type { JsonObject, RpcId } from '../backends/json-rpc.ts'
import type { ProtocolLimits } from '../limits.ts'
import { createSessionQuestions, type SessionQuestions } from './session-questions.ts'
import type { LiveStream } from './streams.ts'

export interface SessionStart {
  readonly serviceId: string
  /** Whose it is: nobody else finds it, whatever id they send. */
  readonly callerKey: string
  readonly clientInfo: JsonObject | undefined
  /** What the client can be asked for. */
  readonly capabilities: JsonObject
}

/** What is remembered of a client of 2025-11-25 and before between its requests. */
export interface Session extends SessionStart {
  readonly id: string
  logLevel: string | undefined
  /** URIs of the resources that the client has subscribed to. */
  readonly resources: Set<string>
  /** Requests under way, by the client's ids. */
  readonly inFlight: Map<RpcId, AbortController>
  /** What the client was asked. */
  readonly questions: SessionQuestions
  /** The stream that the client listens to, while it does. */
  stream: LiveStream | undefined
  lastUsed: number
}

export interface Sessions {
  open(start: SessionStart): Session
  /** Undefined for an id that is unknown, has ended, or is of another caller or service: which, is not told. */
  find(id: string, serviceId: string, callerKey: string): Session | undefined
  end(session: Session): void
  forget(serviceId: string): void
  close(): void
  readonly size: number
}

/** Keeps sessions in memory. A client that lost its session starts a new one, as the specification has it. */
export function createSessions(clock: Clock, limits: ProtocolLimits): Sessions {
  // Both in the order of last use: the quietest comes first.
  const sessions = new Map<string, Session>()
  const owners = new Map<string, Map<string, Session>>()
  const sweeper = setInterval(() => sweep(), Math.min(60_000, limits.sessionIdleMs))
  sweeper.unref()

  const add = (session: Session): void => {
    const owner = ownerOf(session)
    const own = owners.get(owner) ?? new Map<string, Session>()
    for (const order of [sessions, own]) {
      order.delete(session.id)
      order.set(session.id, session)
    }
    owners.set(owner, own)
  }
  const end = (session: Session): void => {
    const owner = ownerOf(session)
    const own = owners.get(owner)
    sessions.delete(session.id)
    own?.delete(session.id)
    if (own?.size === 0) owners.delete(owner)
    session.stream?.end()
    for (const request of session.inFlight.values()) request.abort()
    session.questions.close()
  }
  const isIdle = ({ stream, inFlight, lastUsed }: Session): boolean =>
    stream === undefined && inFlight.size === 0 && lastUsed <= clock.now() - limits.sessionIdleMs
  const sweep = (): void => {
    for (const session of sessions.values()) if (isIdle(session)) end(session)
  }
  const makeRoom = (start: SessionStart): void => {
    const own = owners.get(ownerOf(start))
    if (own !== undefined && own.size >= limits.sessionsPerCaller) endQuietest(own.values())
    else if (sessions.size >= limits.sessions) endQuietest(sessions.values())
  }
  const endQuietest = (candidates: Iterable<Session>): void => {
    let first: Session | undefined
    for (const session of candidates) {
      first ??= session
      if (session.stream !== undefined || session.inFlight.size > 0) continue
      end(session)
      return
    }
    if (first !== undefined) end(first)
  }
  return {
    get size() {
      return sessions.size
    },
    open(start) {
      makeRoom(start)
      const id = randomBytes(32).toString('base64url')
      const questions = createSessionQuestions(limits.questionsPerSession)
      const own = { resources: new Set<string>(), inFlight: new Map<RpcId, AbortController>(), questions }
      const session: Session = { ...start, ...own, id, logLevel: undefined, stream: undefined, lastUsed: clock.now() }
      add(session)
      return session
    },
    find(id, serviceId, callerKey) {
      const session = sessions.get(id)
      if (session === undefined || session.serviceId !== serviceId || session.callerKey !== callerKey) return undefined
      if (isIdle(session)) {
        end(session)
        return undefined
      }
      session.lastUsed = clock.now()
      add(session)
      return session
    },
    end,
    forget(serviceId) {
      for (const session of [...sessions.values()]) if (session.serviceId === serviceId) end(session)
    },
    close() {
      clearInterval(sweeper)
      // What is under way is not cancelled: it may still be answered.
      for (const { stream } of sessions.values()) stream?.end()
      sessions.clear()
      owners.clear()
    },
  }
}

function ownerOf({ serviceId, callerKey }: SessionStart): string {
  return `${serviceId} ${callerKey}`
}
