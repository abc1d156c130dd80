import type { Reason } from '@postern/core'
import {
  type RpcId,
  type RpcNotification,
  type RpcOutcome,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from '../backends/json-rpc.ts'
import {
  type Asker,
  BackendError,
  type BackendService,
  type Backends,
  type CallOptions,
  type Lease,
} from '../backends/types.ts'
import type { ProtocolLimits } from '../limits.ts'
import type { Answer } from './answer.ts'
import type { Principal } from './caller.ts'
import { answerHere, type ClientDescription, isForRequest, translateOutcome, translateRequest } from './eras.ts'
import { playRounds } from './input-rounds.ts'
import type { CallEnd } from './journal.ts'

/** One request on its way to the backend. */
export interface RelayRequest {
  readonly service: BackendService
  readonly principal: Principal
  /** May the tool be shown, and found? Undefined: every one may. */
  readonly mayReach?: ((tool: string) => boolean) | undefined
  readonly client: ClientDescription
  readonly request: RpcRequest
  readonly signal: AbortSignal
  /** Hears what the backend says about the request before it answers. */
  readonly onNotification: (notification: RpcNotification) => void
  /** `Mcp-Param-*` headers, for backends that check them. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Asks the client what the backend wants to know before it answers. */
  readonly ask?: Asker | undefined
}

export interface Relayed {
  readonly outcome: RpcOutcome
  /** Set when the HTTP status has to say that trying again makes sense. */
  readonly unavailable?: { readonly retryAfter: number }
  /** What came of each tool that the request reached, where it reached others than the one that it named. */
  readonly reached?: readonly CallEnd[]
  /** Set when it was the gateway that would not go on with the request. */
  readonly refused?: Extract<Reason, 'request_state_refused'>
}

/** Takes requests to the backend and brings the answers back, from one protocol era to the other where they differ. */
export type Relay = (request: RelayRequest) => Promise<Relayed>

export function createRelay(backends: Backends, limits: Pick<ProtocolLimits, 'inputRounds' | 'answerMs'>): Relay {
  const connect = ({ service, principal, client }: RelayRequest): Promise<Lease> =>
    backends.connect(service, principal.caller, { prefer: client.era, capabilities: client.capabilities })

  return async (request) => {
    try {
      const lease = await connect(request)
      const outcome = await send(lease, request, limits).finally(() => lease.release())
      const isLost = 'error' in outcome && outcome.problem === 'lost' && (await hasEnded(lease))
      return { outcome: isLost ? await again(request) : outcome }
    } catch (error) {
      return unavailable(error)
    }
  }

  async function again(request: RelayRequest): Promise<RpcOutcome> {
    const lease = await connect(request)
    return await send(lease, request, limits).finally(() => lease.release())
  }
}

// What lost a message has ended, or is about to.
const endingMs = 2000

function hasEnded({ ended }: Lease): Promise<boolean> {
  if (ended.aborted) return Promise.resolve(true)
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer)
      ended.removeEventListener('abort', settle)
      resolve(ended.aborted)
    }
    const timer = setTimeout(settle, endingMs)
    ended.addEventListener('abort', settle)
  })
}

async function send(
  { connection }: Lease,
  relayed: RelayRequest,
  limits: Pick<ProtocolLimits, 'inputRounds' | 'answerMs'>,
): Promise<RpcOutcome> {
  const { request, client, principal, signal, headers, ask } = relayed
  const { server } = connection
  const isShared = relayed.service.isolation === 'shared'
  const answered = answerHere(request, client.era, server, isShared)
  if (answered !== undefined) return answered
  if (client.era === 'modern' && server.era === 'legacy' && client.logLevel !== undefined && !isShared) {
    connection.setLogLevel(client.logLevel)
  }
  const options: CallOptions = {
    caller: principal.caller,
    signal,
    onNotification: (notification) => {
      if (isForRequest(notification, client)) relayed.onNotification(notification)
    },
    ...(headers === undefined ? {} : { headers }),
    ...(ask === undefined ? {} : { onRequest: ask }),
  }
  const once = (again: RpcRequest): Promise<RpcOutcome> =>
    connection.request(translateRequest(again, client, server.era), options)
  const first = await once(request)
  const { capabilities } = client
  const outcome =
    client.era === 'legacy' && server.era === 'modern'
      ? await playRounds(request, first, { send: once, ask, capabilities, signal, limits })
      : first
  return translateOutcome(outcome, request.method, client.era, server)
}

/** What a caller is told when there is no backend: never why, which is for those who run the gateway. */
export function unavailable(error: unknown): Relayed {
  const { kind, retryAfter } = error instanceof BackendError ? error : { kind: 'failed', retryAfter: undefined }
  const data = {
    reason: kind === 'busy' ? 'backend_limit' : 'backend_failed',
    ...(retryAfter === undefined ? {} : { retryAfter }),
  }
  if (kind !== 'busy')
    return {
      outcome: {
        ...rpcError(rpcCodes.internalError, 'The backend of this service has failed.', data),
        problem: 'unreachable',
      },
    }
  return {
    outcome: rpcError(rpcCodes.internalError, 'Too many backends are running. Try again later.', data),
    unavailable: { retryAfter: retryAfter ?? 1 },
  }
}

/** Writes what came of a request. */
export function finishRelayed(answer: Answer, id: RpcId, { outcome, unavailable }: Relayed, status = 200): void {
  if (unavailable === undefined) answer.finish(id, outcome, status)
  else answer.finish(id, outcome, 503, { 'retry-after': String(unavailable.retryAfter) })
}
