import { limits } from '../limits.ts'
import { FeedProblem } from './feed-problem.ts'
import type { Statement } from './statement.ts'

/** What is known when a statement comes. Times are seconds since the epoch. */
export interface Moment {
  /** The place that was asked about. */
  readonly asked: number
  readonly now: number
  readonly clockTolerance: number
  /** When the last statement was made that was believed. */
  readonly lastStatedAt: number
}

type FreshCheck = (statement: Statement, moment: Moment) => boolean

/** What is wrong with whatever is not of now. */
const always: readonly (readonly [string, FreshCheck])[] = [
  ['it is older than what was said before', ({ seq }, { asked }) => seq < asked],
  ['it has expired', ({ exp }, { now, clockTolerance }) => now >= exp + clockTolerance],
  ['it is of the future', ({ iat }, { now, clockTolerance }) => iat > now + clockTolerance],
]

/** The last word of an issuer that is gone answers every question, and is good until nobody can ask any more. */
const unlessFinal: readonly (readonly [string, FreshCheck])[] = [
  ['it answers another question', ({ after }, { asked }) => after !== asked],
  ['it leads nowhere', ({ more, seq }, { asked }) => more && seq === asked],
  ['it is good for too long', ({ iat, exp }) => exp - iat > limits.revocationStatementSeconds],
  ['it is older than the last one', ({ iat }, { lastStatedAt }) => iat < lastStatedAt - limits.revocationReuseSeconds],
]

/** A statement that was true once must not take the place of what is true now. Throws `FeedProblem`. */
export function checkFresh(statement: Statement, moment: Moment): void {
  const isLastWord = statement.final && statement.before === Number.POSITIVE_INFINITY
  const checks = isLastWord ? always : [...always, ...unlessFinal]
  for (const [problem, isWrong] of checks) if (isWrong(statement, moment)) throw new FeedProblem(problem)
}
