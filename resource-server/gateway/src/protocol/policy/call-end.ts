import type { Reason } from '@postern/core'
import type { RpcFailure } from '../../backends/json-rpc.ts'
import type { Relayed } from '../relay.ts'

const problems: Readonly<Record<NonNullable<RpcFailure['problem']>, Reason>> = {
  cancelled: 'cancelled',
  timeout: 'timeout',
  busy: 'backend_limit',
  closed: 'backend_failed',
  lost: 'backend_failed',
  unreachable: 'backend_failed',
}

/** What came of a call, told apart: the tool's own failure, an error of the protocol, a backend that is not there. */
export function callEnd({ outcome, unavailable }: Relayed): Reason {
  if (unavailable !== undefined) return 'backend_limit'
  if ('result' in outcome) return outcome.result['isError'] === true ? 'tool_failed' : 'ok'
  return outcome.problem === undefined ? 'call_failed' : problems[outcome.problem]
}
