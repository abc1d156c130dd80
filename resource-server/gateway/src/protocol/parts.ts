import type { Backends } from '../backends/types.ts'
import type { ProtocolLimits } from '../limits.ts'
import type { Parking } from './parking.ts'
import type { Policy } from './policy/policy.ts'
import type { Relay } from './relay.ts'
import type { RequestStates } from './request-state.ts'
import type { Sessions } from './sessions.ts'
import type { Streams } from './streams.ts'

/** What the MCP endpoint is made of, beside the doors that a request passes first. */
export interface Parts {
  readonly backends: Pick<Backends, 'connect'>
  readonly relay: Relay
  readonly policy: Policy
  readonly sessions: Sessions
  readonly streams: Streams
  readonly parking: Parking
  readonly states: RequestStates
  readonly limits: ProtocolLimits
}
