import { randomUUID } from 'node:crypto'
import { mayAsk } from '../backends/capabilities.ts'
import {
  isJsonObject,
  type JsonObject,
  type RpcOutcome,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from '../backends/json-rpc.ts'
import type { Asker } from '../backends/types.ts'
import type { ProtocolLimits } from '../limits.ts'

export interface InputRoundsOptions {
  /** Sends the request once more, with answers. */
  readonly send: (request: RpcRequest) => Promise<RpcOutcome>
  /** Asks the client; absent: nobody can. */
  readonly ask: Asker | undefined
  /** What the client can be asked for. */
  readonly capabilities: JsonObject
  readonly signal: AbortSignal
  readonly limits: Pick<ProtocolLimits, 'inputRounds' | 'answerMs'>
}

type Answers = { readonly inputResponses: JsonObject } | { readonly failure: RpcOutcome }

/**
 * Plays the client of 2026-07-28 for one that knows nothing of it: what a modern backend requires before it answers is
 * asked for in the way of the client's own era, and the request is made again (MCP 2026-07-28, Multi Round-Trip
 * Requests).
 */
export async function playRounds(
  request: RpcRequest,
  first: RpcOutcome,
  options: InputRoundsOptions,
): Promise<RpcOutcome> {
  let outcome = first
  for (let round = 0; round < options.limits.inputRounds; round++) {
    if ('error' in outcome || outcome.result['resultType'] !== 'input_required') return outcome
    const { inputRequests, requestState } = outcome.result
    const answers = await collect(isJsonObject(inputRequests) ? inputRequests : {}, options)
    if ('failure' in answers) return answers.failure
    if (options.signal.aborted) return cancelled
    const state = typeof requestState === 'string' ? { requestState } : {}
    outcome = await options.send({ ...request, params: { ...request.params, ...answers, ...state } })
  }
  return 'error' in outcome || outcome.result['resultType'] !== 'input_required' ? outcome : endless
}

async function collect(inputRequests: JsonObject, options: InputRoundsOptions): Promise<Answers> {
  const { ask, capabilities, signal, limits } = options
  const abort = new AbortController()
  const stop = (): void => abort.abort()
  signal.addEventListener('abort', stop, { once: true })
  const timer = setTimeout(stop, limits.answerMs)
  const entries = Object.entries(inputRequests).map(async ([key, entry]) => {
    const request = readRequest(entry)
    if (request === undefined) throw new Unanswered(notAQuestion)
    if (ask === undefined || !mayAsk(capabilities, request)) throw new Unanswered(cannotBeAsked)
    const outcome = await ask({ request: asLegacy(request), signal: abort.signal, progress: () => {} })
    if (outcome === undefined) throw new Unanswered(reasonOf(signal, abort.signal))
    if ('error' in outcome) throw new Unanswered({ error: outcome.error })
    return [key, outcome.result] as const
  })
  try {
    return { inputResponses: Object.fromEntries(await Promise.all(entries)) }
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error
    return { failure: error.outcome }
  } finally {
    // Whatever else was asked in this round is of no use any more.
    clearTimeout(timer)
    abort.abort()
    signal.removeEventListener('abort', stop)
  }
}

function reasonOf(caller: AbortSignal, round: AbortSignal): RpcOutcome {
  if (caller.aborted) return cancelled
  return round.aborted ? unanswered : cannotBeAsked
}

class Unanswered extends Error {
  readonly outcome: RpcOutcome

  constructor(outcome: RpcOutcome) {
    super('a question was not answered')
    this.name = 'Unanswered'
    this.outcome = outcome
  }
}

function readRequest(entry: unknown): RpcRequest | undefined {
  if (!isJsonObject(entry)) return undefined
  const { method, params } = entry
  if (typeof method !== 'string' || (params !== undefined && !isJsonObject(params))) return undefined
  return params === undefined ? { method } : { method, params }
}

/** 2025-11-25 wants a number for what happens at a URL; 2026-07-28 has none. */
function asLegacy(request: RpcRequest): RpcRequest {
  const { method, params } = request
  if (method !== 'elicitation/create' || params?.['mode'] !== 'url' || params['elicitationId'] !== undefined) {
    return request
  }
  return { method, params: { ...params, elicitationId: randomUUID() } }
}

const notAQuestion = rpcError(rpcCodes.internalError, 'The backend requires input of a kind that is not known.')
const cannotBeAsked = rpcError(
  rpcCodes.internalError,
  'The backend requires input that this client cannot be asked for: it has no session, or has not declared the capability.',
)
const unanswered = rpcError(rpcCodes.internalError, 'The client did not answer in time.')
const endless = rpcError(rpcCodes.internalError, 'The backend requires input again and again.')
const cancelled: RpcOutcome = {
  ...rpcError(rpcCodes.internalError, 'The request was cancelled.'),
  problem: 'cancelled',
}
