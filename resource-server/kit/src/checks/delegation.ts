import { isRecord } from '../options/fields.ts'
import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/** `act` and `may_act`, who acts for the subject (RFC 8693 §4.1, §4.4), are objects where they are there. */
export const checkDelegation: Check = ({ claims }) => {
  for (const name of ['act', 'may_act']) {
    const actor = member(claims, name)
    if (actor !== undefined && !isRecord(actor)) throw new Refusal('malformed_claim')
  }
}
