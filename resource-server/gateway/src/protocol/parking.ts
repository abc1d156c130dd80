import type { Clock } from '@postern/core'
import { isJsonObject, type RpcOutcome, type RpcRequest, rpcCodes, rpcError } from '../backends/json-rpc.ts'
import type { ProtocolLimits } from '../limits.ts'
import { type Attempt, type CallHooks, createParkableCall, type ParkableCall, type Turn } from './parked-call.ts'
import type { Relayed } from './relay.ts'
import type { RequestStates, State, StateOwner } from './request-state.ts'

export interface ParkingRequest {
  readonly owner: StateOwner
  readonly request: RpcRequest
  readonly attempt: Attempt
}

/** The calls of modern clients whose backends have asked something: they wait here until the client comes back. */
export interface Parking {
  /** Makes a call, up to its answer or to the first question, which is an answer too (`input_required`). */
  start(request: ParkingRequest, run: (hooks: CallHooks) => Promise<Relayed>): Promise<Relayed>
  /** Goes on with the call that a state names. */
  resume(request: ParkingRequest, state: Extract<State, { kind: 'parked' }>): Promise<Relayed>
  /** Gives up all calls of a service. */
  forget(serviceId: string): void
  close(): void
  readonly size: number
}

export interface ParkingOptions {
  readonly clock: Clock
  readonly limits: ProtocolLimits
  readonly states: RequestStates
}

/** Makes an empty parking place. */
export function createParking({ clock, limits, states }: ParkingOptions): Parking {
  const parked = new Map<string, ParkableCall>()
  let timer: ReturnType<typeof setInterval> | undefined

  const remove = (call: ParkableCall): void => {
    parked.delete(call.id)
    if (parked.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  const endWhere = (doomed: (call: ParkableCall) => boolean): void => {
    for (const call of [...parked.values()]) {
      if (!doomed(call)) continue
      remove(call)
      call.abandon()
    }
  }
  const isOver = (call: ParkableCall): boolean => !call.attended && call.expiresAt <= clock.now()
  const isFull = (call: ParkableCall): boolean => {
    if (parked.has(call.id)) return false
    let own = 0
    for (const { owner } of parked.values()) if (isSame(owner, call.owner)) own += 1
    return own >= limits.parkedPerCaller || parked.size >= limits.parked
  }
  const park = (call: ParkableCall): boolean => {
    endWhere(isOver)
    if (isFull(call)) return false
    call.expiresAt = clock.now() + limits.parkedMs
    parked.set(call.id, call)
    timer ??= setInterval(() => endWhere(isOver), Math.min(1000, limits.parkedMs)).unref()
    return true
  }
  const attend = async (call: ParkableCall, { owner, request, attempt }: ParkingRequest): Promise<Relayed> => {
    const turn = await call.attend(attempt).catch((error: unknown) => {
      remove(call)
      throw error
    })
    if ('relayed' in turn) {
      remove(call)
      return turn.relayed
    }
    if (!park(call)) {
      call.abandon()
      return full
    }
    const state = states.seal({ kind: 'parked', call: call.id, round: call.round }, owner, request)
    return { outcome: inputRequired(turn, state) }
  }
  return {
    get size() {
      return parked.size
    },
    async start(request, run) {
      return await attend(createParkableCall({ owner: request.owner, limits, run }), request)
    },
    async resume(request, { call: id, round }) {
      const call = parked.get(id)
      // It was sealed for this owner; that it is looked at again costs nothing.
      if (call === undefined || isOver(call) || !isSame(call.owner, request.owner)) return refusedState('over')
      if (call.attended || call.round !== round) return refusedState('used')
      const responses = request.request.params?.['inputResponses'] ?? {}
      if (!isJsonObject(responses) || !call.answer(responses)) return { outcome: notAnswers }
      return await attend(call, request)
    },
    forget: (serviceId) => endWhere(({ owner }) => owner.serviceId === serviceId),
    close: () => endWhere(() => true),
  }
}

function isSame(a: StateOwner, b: StateOwner): boolean {
  return a.serviceId === b.serviceId && a.callerKey === b.callerKey
}

function inputRequired({ inputRequests }: Extract<Turn, { inputRequests: unknown }>, requestState: string): RpcOutcome {
  return { result: { resultType: 'input_required', inputRequests, requestState } }
}

const problems = {
  forged: 'it was changed, or is not of this caller, this service or this request',
  expired: 'it has expired',
  over: 'the call that it belongs to is over',
  used: 'it was used before',
} as const

/** What a client is told whose state is of no use. Nothing of the state is recorded. */
export function refusedState(problem: keyof typeof problems): Relayed {
  const message = `requestState: ${problems[problem]}. Make the request anew, without it.`
  return { outcome: rpcError(rpcCodes.invalidParams, message), refused: 'request_state_refused' }
}

const notAnswers = rpcError(
  rpcCodes.invalidParams,
  'inputResponses: give an object with the result of each of the inputRequests, which is an object itself',
)

const full: Relayed = {
  outcome: rpcError(
    rpcCodes.internalError,
    'Too many calls wait for answers. Answer one of them, or try again later.',
    { reason: 'parked_limit' },
  ),
}
