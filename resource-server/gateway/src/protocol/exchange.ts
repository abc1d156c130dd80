import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BackendService } from '../backends/types.ts'
import type { ServedService } from '../catalog/types.ts'
import type { Principal } from './caller.ts'

/** A service that can be served now. */
export type ReadyService = ServedService & BackendService

/** One HTTP request of a caller who may come in, on a service that is ready. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly service: ReadyService
  readonly principal: Principal
  /** Is the caller's credential over by now? */
  readonly isOver: () => boolean
  /** Headers that each answer carries. */
  readonly headers: Readonly<Record<string, string>>
  /** Aborted when the client has gone before the answer was complete. */
  readonly gone: AbortSignal
  /** Notes what the request is about, for its event and metrics. */
  readonly note: (about: { readonly method?: string; readonly tool?: string }) => void
  /** The answer has begun and will last: what there is to record is recorded now. */
  readonly opened: () => void
  /** Records that a verified caller was refused after all. */
  readonly refused: (reason: 'tool_not_allowed' | 'session_unknown') => void
}
