import type { EventSink, Reason } from '@postern/core'
import { hashSecret } from '@postern/server'
import type { Origin } from '../types.ts'
import type { Read, Write } from '../unit.ts'
import type { Line } from './line.ts'
import type { Messenger } from './messages.ts'
import type { Passwords } from './passwords.ts'

/** What everything that people do for themselves stands on. */
export interface AccountsContext extends Messenger {
  readonly read: Read
  readonly write: (origin: Origin) => Write
  readonly passwords: Passwords
  /** Those whose password is being checked. */
  readonly line: Line
  readonly onEvent: EventSink
}

interface Refused {
  readonly poolId: string
  readonly reason: Reason
  readonly userId?: string | undefined
  readonly requestId?: string | undefined
}

/** The reason is for the pool's owner; the person is told the same whatever it is. */
export function noteRefusal(context: AccountsContext, { poolId, reason, userId, requestId }: Refused): void {
  const subject = userId === undefined ? {} : { subjectHash: hashSecret(userId) }
  const request = requestId === undefined ? {} : { requestId }
  context.onEvent({ kind: 'access.refused', outcome: 'refused', reason, poolId, ...subject, ...request })
}

export function waitOutcome(ms: number): { readonly outcome: 'wait'; readonly seconds: number } {
  return { outcome: 'wait', seconds: Math.max(1, Math.ceil(ms / 1000)) }
}
