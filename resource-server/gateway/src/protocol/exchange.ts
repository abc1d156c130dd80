import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reason } from '@postern/core'
import type { RpcRequest } from '../backends/json-rpc.ts'
import type { BackendService } from '../backends/types.ts'
import type { ServedService } from '../catalog/types.ts'
import type { Principal } from './caller.ts'
import type { Calls } from './journal.ts'
import type { ToolPolicy } from './policy/tools.ts'
import type { Relayed } from './relay.ts'

/** A service that can be served now. */
export type ReadyService = ServedService & BackendService

/** One HTTP request of a caller who may come in, on a service that is ready. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly service: ReadyService
  readonly principal: Principal
  /** Which tools the caller may see and call. */
  readonly tools: ToolPolicy
  /** Is the caller's credential over by now? */
  readonly isOver: () => boolean
  /** Headers that each answer carries. */
  readonly headers: Readonly<Record<string, string>>
  /** Aborted when the client has gone before the answer was complete. */
  readonly gone: AbortSignal
  /** Notes what the request is about, for its event and metrics. */
  readonly note: (about: { readonly method?: string }) => void
  /** The answer has begun and will last: what there is to record is recorded now. */
  readonly opened: () => void
  /** Records that a verified caller was refused after all. */
  readonly refused: (reason: Reason) => void
  /** Records what would have been refused, had it been enforced; of a call, where it is about one. */
  readonly aside: (reason: 'would_refuse' | 'would_throttle', call?: RpcRequest) => void
  readonly calls: Calls
  /** Notes what came of a request; of interest where it is a call. */
  readonly ended: (request: RpcRequest, relayed: Relayed) => void
  /**
   * Refuses for want of scopes, in the words in which the service refuses tokens.
   * @throws Challenged, unless the caller has these scopes
   */
  readonly challenge: (scopes: readonly string[]) => Promise<void>
}
