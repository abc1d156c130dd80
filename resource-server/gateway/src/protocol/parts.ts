import type { Backends } from '../backends/types.ts'
import type { ProtocolLimits } from '../limits.ts'
import type { Relay } from './relay.ts'
import type { Sessions } from './sessions.ts'
import type { Streams } from './streams.ts'

/** What the MCP endpoint is made of, beside the doors that a request passes first. */
export interface Parts {
  readonly backends: Backends
  readonly relay: Relay
  readonly sessions: Sessions
  readonly streams: Streams
  readonly limits: ProtocolLimits
}
