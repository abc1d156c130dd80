import { type MalformedJws, type ParsedJws, parseJws } from '@postern/core'
import { verifySignature } from '#signature'
import { algorithmOf } from '../checks/algorithm.ts'
import { member } from '../checks/context.ts'
import { checkHeader } from '../checks/header.ts'
import type { VerificationKey } from '../keys/key-set.ts'
import type { KeySource } from '../keys/key-source.ts'
import { limits } from '../limits.ts'
import type { Algorithm } from '../options/algorithms.ts'
import type { IssuerRules } from '../options/settings.ts'
import { Refusal } from '../refusal.ts'
import { FeedProblem } from './feed-problem.ts'
import { readStatement, type Statement } from './statement.ts'

/** The only type that a statement has, and no token (RFC 8725 §3.11). */
const statementType = 'revocations+jwt'

export interface StatementKeys {
  readonly keys: Pick<KeySource, 'find'>
  /** Keys that the issuer had when its keys could last be had. */
  readonly remembered: readonly VerificationKey[]
}

/**
 * Verifies who says a statement, and that it is one. Keys that the issuer no longer publishes are good for one thing:
 * to say that it is gone as a whole, which is when its keys go too.
 *
 * Rejects with `FeedProblem`, or with `Refusal` where the keys cannot be had.
 */
export async function verifyStatement(text: string, rules: IssuerRules, known: StatementKeys): Promise<Statement> {
  const jws = parseJws(text, { maxLength: limits.revocationFeedBytes })
  if (jws.malformed !== undefined) throw new FeedProblem('it is no signed statement')
  const algorithm = checkStatementHeader(jws, rules)
  if (member(jws.payload, 'iss') !== rules.issuer) throw new FeedProblem("it is another issuer's")
  const statement = readStatement(jws.payload)
  if (statement === undefined) throw new FeedProblem('it is malformed')
  const key = await findKey(algorithm, kidOf(jws), statement, known)
  const { signingInput, signature } = jws
  const handle = await key.handle(algorithm)
  if (!(await verifySignature({ algorithm, key: handle, signingInput, signature }))) {
    throw new FeedProblem('its signature does not verify')
  }
  return statement
}

function checkStatementHeader(jws: Exclude<ParsedJws, MalformedJws>, rules: IssuerRules): Algorithm {
  const context = { header: jws.header, claims: jws.payload, rules, now: 0 }
  if (member(jws.header, 'typ') !== statementType) throw new FeedProblem('it is of another type')
  try {
    checkHeader(context)
    return algorithmOf(context)
  } catch {
    throw new FeedProblem('its header is not one that is accepted')
  }
}

function kidOf({ header }: Pick<ParsedJws, 'header'>): string | undefined {
  const kid = member(header, 'kid')
  return typeof kid === 'string' ? kid : undefined
}

async function findKey(
  algorithm: Algorithm,
  kid: string | undefined,
  { before }: Statement,
  { keys, remembered }: StatementKeys,
): Promise<VerificationKey> {
  try {
    return await keys.find(algorithm, kid)
  } catch (error) {
    const isOut = error instanceof Refusal && error.reason === 'keys_unavailable'
    const isEnd = before === Number.POSITIVE_INFINITY
    const old = remembered.find((key) => key.kid === kid && kid !== undefined && key.algorithms.includes(algorithm))
    if (isOut && isEnd && old !== undefined) return old
    if (isOut) throw error
    throw new FeedProblem('it is signed with a key that the issuer does not publish')
  }
}
