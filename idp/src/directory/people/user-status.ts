import { conflict, invalid } from '../refusals.ts'
import type { UserStatus } from './types.ts'

interface After {
  readonly status: UserStatus
  readonly hasPassword: boolean
}

/** What a new user is who is not told. A password that somebody else chose is changed at the first sign-in. */
export function firstStatus(hasPassword: boolean): UserStatus {
  return hasPassword ? 'FORCE_CHANGE_PASSWORD' : 'CONFIRMED'
}

/** Whether a management request may take a user from one status to another. */
export function refuseStatus(before: UserStatus | undefined, after: After): void {
  if (after.status === 'FORCE_CHANGE_PASSWORD' && !after.hasPassword) {
    throw invalid('status', 'invalid', 'there is no password to be changed; give one, or use CONFIRMED')
  }
  if (before === undefined || before === after.status || after.status !== 'UNCONFIRMED') return
  throw conflict('conflict', 'A user does not become UNCONFIRMED again; use DISABLED to keep the person out.')
}

/** Does the change of status end what the user signed in to? */
export function endsSessions(before: UserStatus, after: UserStatus): boolean {
  return before !== after && (after === 'DISABLED' || after === 'FORCE_CHANGE_PASSWORD')
}
