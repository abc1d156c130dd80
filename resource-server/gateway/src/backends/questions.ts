import { mayAsk } from './capabilities.ts'
import {
  type JsonObject,
  metaOf,
  type RpcId,
  type RpcOutcome,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from './json-rpc.ts'
import type { Asker, Question } from './types.ts'

export interface QuestionsOptions {
  /** What the client can be asked for; a backend that asks for more is refused. */
  readonly capabilities: JsonObject
  /** Questions that may wait for an answer at once. */
  readonly most: number
  /** The longest question, in bytes. */
  readonly maxBytes: number
  /** Milliseconds after which nobody answers any more. */
  readonly timeoutMs: number
  readonly answer: (id: RpcId, outcome: RpcOutcome) => void
  /** Tells the backend how far an answer is. */
  readonly tell: (method: string, params: JsonObject) => void
}

/** Brings what one backend asks of its client to somebody who can ask the client, and the answer back. */
export interface Questions {
  receive(id: RpcId, request: RpcRequest): void
  /** The backend does not want to know any more. */
  withdraw(id: RpcId): void
  /**
   * Somebody who can ask: a call under way, or a stream. Nobody says which call a question is about: it goes to the
   * newest call that has none to ask yet, and to a stream when there is no call. Returns how to stop.
   */
  add(asker: Asker, kind: 'call' | 'stream'): () => void
  /** Has it been given a question that is not answered yet? */
  isAsking(asker: Asker): boolean
  /** The backend has gone. */
  close(): void
}

interface Open {
  readonly id: RpcId
  readonly question: Question
  readonly abort: AbortController
  readonly timer: NodeJS.Timeout
  /** Who cannot ask it (any more). */
  readonly refusedBy: Set<Asker>
  asked: boolean
}

/** Makes the book of what one backend has asked and nobody has answered yet. */
export function createQuestions(options: QuestionsOptions): Questions {
  const { capabilities, most, maxBytes, timeoutMs, answer, tell } = options
  const open = new Map<RpcId, Open>()
  // With the number of questions that each has to ask.
  const askers = { call: new Map<Asker, number>(), stream: new Map<Asker, number>() }

  const take = (id: RpcId): Open | undefined => {
    const entry = open.get(id)
    open.delete(id)
    clearTimeout(entry?.timer)
    return entry
  }
  const settle = (id: RpcId, outcome: RpcOutcome): void => {
    const entry = take(id)
    if (entry === undefined) return
    answer(id, outcome)
    entry.abort.abort()
  }
  const ask = (entry: Open): void => {
    if (entry.asked) return
    const found = pick(askers.call, entry.refusedBy) ?? pick(askers.stream, entry.refusedBy)
    if (found === undefined) return
    const { asker, load } = found
    load(1)
    entry.asked = true
    asker(entry.question).then(
      (outcome) => {
        load(-1)
        if (open.get(entry.id) !== entry) return
        if (outcome !== undefined) return settle(entry.id, outcome)
        entry.asked = false
        entry.refusedBy.add(asker)
        ask(entry)
      },
      () => {
        load(-1)
        settle(entry.id, failed)
      },
    )
  }
  const refusal = (id: RpcId, request: RpcRequest): RpcOutcome | undefined => {
    if (!mayAsk(capabilities, request)) return rpcError(rpcCodes.methodNotFound, 'Method not found')
    if (open.has(id)) return rpcError(rpcCodes.invalidRequest, 'A question with this id waits for its answer already.')
    if (open.size >= most) return rpcError(rpcCodes.internalError, 'Too many questions wait for an answer.')
    const size = Buffer.byteLength(JSON.stringify(request))
    return size > maxBytes ? rpcError(rpcCodes.invalidParams, `A question has at most ${maxBytes} bytes.`) : undefined
  }
  return {
    receive(id, request) {
      const refused = refusal(id, request)
      if (refused !== undefined) return answer(id, refused)
      const abort = new AbortController()
      const token = metaOf(request.params)['progressToken']
      const progress = (params: JsonObject): void => {
        if (token !== undefined && open.has(id)) tell('notifications/progress', { ...params, progressToken: token })
      }
      const timer = setTimeout(() => settle(id, unanswered), timeoutMs)
      timer.unref()
      const question = { request, signal: abort.signal, progress }
      const entry: Open = { id, question, abort, timer, refusedBy: new Set(), asked: false }
      open.set(id, entry)
      ask(entry)
    },
    withdraw: (id) => take(id)?.abort.abort(),
    add(asker, kind) {
      askers[kind].set(asker, 0)
      for (const entry of open.values()) ask(entry)
      return () => askers[kind].delete(asker)
    },
    isAsking: (asker) => (askers.call.get(asker) ?? 0) > 0,
    close() {
      for (const id of [...open.keys()]) take(id)?.abort.abort()
    },
  }
}

function pick(askers: Map<Asker, number>, except: ReadonlySet<Asker>) {
  let chosen: { readonly asker: Asker; readonly questions: number } | undefined
  for (const [asker, questions] of askers) {
    if (except.has(asker)) continue
    // In the order of their coming: of two that are alike the newer one.
    if (chosen === undefined || Math.min(questions, 1) <= Math.min(chosen.questions, 1)) chosen = { asker, questions }
  }
  if (chosen === undefined) return undefined
  const { asker } = chosen
  const load = (change: 1 | -1): void => {
    const questions = askers.get(asker)
    if (questions !== undefined) askers.set(asker, questions + change)
  }
  return { asker, load }
}

const unanswered = rpcError(rpcCodes.internalError, 'The client did not answer in time.')
const failed = rpcError(rpcCodes.internalError, 'The client could not be asked.')
