import { isJsonObject, isRpcId, metaOf, type RpcOutcome, type RpcRequest } from '../backends/json-rpc.ts'
import type { Attempt, CallHooks } from './parked-call.ts'
import { type Parking, refusedState } from './parking.ts'
import type { Relayed } from './relay.ts'
import type { RequestStates, StateOwner } from './request-state.ts'

export interface ModernCall {
  readonly owner: StateOwner
  readonly request: RpcRequest
  readonly onNotification: Attempt['onNotification']
  readonly gone: AbortSignal
  /** The client declared that it can be asked something. */
  readonly canBeAsked: boolean
}

export interface ModernRelayOptions {
  readonly parking: Parking
  readonly states: RequestStates
  /** Takes a request to the backend; with somebody who asks the client, where there is one. */
  readonly relay: (request: RpcRequest, hooks: Omit<CallHooks, 'ask'> & Partial<CallHooks>) => Promise<Relayed>
}

/** The requests that may be answered with questions (MCP 2026-07-28, Multi Round-Trip Requests, "Supported Requests"). */
const mayAskBack = new Set(['tools/call', 'prompts/get', 'resources/read'])

/**
 * Makes a modern client's request, or goes on with one. A legacy backend's questions become `input_required`, while the
 * call waits; a modern backend's own `input_required` is passed on, its state bound to whom it was given.
 */
export async function relayModern(call: ModernCall, { parking, states, relay }: ModernRelayOptions): Promise<Relayed> {
  const { owner, request, onNotification, gone, canBeAsked } = call
  const { progressToken } = metaOf(request.params)
  const attempt = { progressToken: isRpcId(progressToken) ? progressToken : undefined, onNotification, gone }
  const sealed = request.params?.['requestState']
  let sent = request
  if (sealed !== undefined) {
    const state = typeof sealed === 'string' ? states.open(sealed, owner, request) : 'forged'
    if (state === 'forged' || state === 'expired') return refusedState(state)
    if (state.kind === 'parked') return await parking.resume({ owner, request, attempt }, state)
    sent = { ...request, params: { ...request.params, requestState: state.state } }
  }
  const run = async (hooks: Omit<CallHooks, 'ask'> & Partial<CallHooks>): Promise<Relayed> => {
    const relayed = await relay(sent, hooks)
    return { ...relayed, outcome: withBoundState(relayed.outcome, call, states) }
  }
  if (!canBeAsked || !mayAskBack.has(request.method)) return await run({ onNotification, signal: gone })
  return await parking.start({ owner, request, attempt }, run)
}

/** A modern backend's own state, on its way out: of use to this caller alone, for this request. */
function withBoundState(outcome: RpcOutcome, { owner, request }: ModernCall, states: RequestStates): RpcOutcome {
  if ('error' in outcome || !isJsonObject(outcome.result)) return outcome
  const { resultType, requestState } = outcome.result
  if (resultType !== 'input_required' || typeof requestState !== 'string') return outcome
  const bound = states.seal({ kind: 'backend', state: requestState }, owner, request)
  return { result: { ...outcome.result, requestState: bound } }
}
