import type { JsonObject } from '@postern/core'
import { isRecord } from '../options/fields.ts'
import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/** Who acts for the subject (`act`, RFC 8693 §4.1), and for whom that one acts in turn. */
export interface Actor {
  readonly sub?: string
  readonly iss?: string
  readonly act?: Actor
  /** What else the issuer says of the actor. */
  readonly [claim: string]: unknown
}

/** The token's actor; undefined where the subject acts for itself. Throws `Refusal` for a malformed one. */
export function actorOf(claims: JsonObject): Actor | undefined {
  const actor = member(claims, 'act')
  if (actor === undefined) return undefined
  if (!isActor(actor)) throw new Refusal('malformed_claim')
  return actor
}

function isActor(value: unknown): value is Actor {
  if (!isRecord(value)) return false
  const [sub, iss, act] = [member(value, 'sub'), member(value, 'iss'), member(value, 'act')]
  return isOptionalText(sub) && isOptionalText(iss) && (act === undefined || isActor(act))
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

/** `act` and `may_act`, who acts or may act for the subject (RFC 8693 §4.1, §4.4), are well formed. */
export const checkDelegation: Check = ({ claims }) => {
  actorOf(claims)
  const mayAct = member(claims, 'may_act')
  if (mayAct !== undefined && !isRecord(mayAct)) throw new Refusal('malformed_claim')
}
