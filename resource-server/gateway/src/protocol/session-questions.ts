import {
  isRpcId,
  type JsonObject,
  metaOf,
  type RpcId,
  type RpcNotification,
  type RpcOutcome,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from '../backends/json-rpc.ts'
import type { Asker, Question } from '../backends/types.ts'

/** Hands a message to the client; false when it cannot be reached on this way. */
export type Say = (message: object) => boolean

/** What one session of a legacy client was asked and has not answered. */
export interface SessionQuestions {
  /** Asks over one of the session's streams. */
  asker(say: Say): Asker
  /** Takes the client's answer. One to nothing, or to what nobody waits for any more, is left alone. */
  answer(id: RpcId | null, outcome: RpcOutcome): void
  /** The client tells how far an answer is. */
  progress(notification: RpcNotification): void
  /** The session is over: nobody will answer. */
  close(): void
}

interface Asked {
  readonly question: Question
  readonly settle: (outcome: RpcOutcome) => void
}

/**
 * Makes the book of a session's questions. Each goes out under a number of its own, so that an answer to it can only
 * come over the very session that was asked.
 */
export function createSessionQuestions(most: number): SessionQuestions {
  const asked = new Map<RpcId, Asked>()
  let lastId = 0
  let closed = false
  return {
    asker: (say) => async (question) => {
      if (closed) return undefined
      if (asked.size >= most) return tooMany
      lastId += 1
      const id = lastId
      if (!say({ jsonrpc: '2.0', id, ...withToken(question.request, id) })) return undefined
      return await new Promise((resolve) => {
        const onAbort = (): void => {
          if (!asked.delete(id)) return
          say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
          resolve(undefined)
        }
        const settle = (outcome: RpcOutcome): void => {
          asked.delete(id)
          question.signal.removeEventListener('abort', onAbort)
          resolve(outcome)
        }
        asked.set(id, { question, settle })
        question.signal.addEventListener('abort', onAbort, { once: true })
        if (question.signal.aborted) onAbort()
      })
    },
    answer(id, outcome) {
      if (id !== null) asked.get(id)?.settle(outcome)
    },
    progress({ params }) {
      const token = params?.['progressToken']
      if (isRpcId(token)) asked.get(token)?.question.progress(params ?? {})
    },
    close() {
      closed = true
      for (const { settle } of [...asked.values()]) settle(gone)
    },
  }
}

/** A backend that wants to hear of progress gets it; the token on the wire is the question's own number. */
function withToken(request: RpcRequest, token: RpcId): RpcRequest {
  const { params } = request
  const meta: JsonObject = metaOf(params)
  if (meta['progressToken'] === undefined) return request
  return { ...request, params: { ...params, _meta: { ...meta, progressToken: token } } }
}

const tooMany = rpcError(rpcCodes.internalError, 'Too many questions wait for an answer of this client.')
const gone = rpcError(rpcCodes.internalError, 'The session of the client has ended.')
