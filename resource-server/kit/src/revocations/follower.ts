import { createSingleFlight, FetchProblem, guardedFetch, type MaybePromise, type Reason } from '@postern/core'
import type { VerificationKey } from '../keys/key-set.ts'
import type { KeySource } from '../keys/key-source.ts'
import { limits } from '../limits.ts'
import type { IssuerRules, Settings } from '../options/settings.ts'
import { checkFresh } from './check-fresh.ts'
import { FeedProblem } from './feed-problem.ts'
import { createLedger, type TokenFacts } from './ledger.ts'
import { createPauses } from './pauses.ts'
import type { Statement } from './statement.ts'
import { verifyStatement } from './verify-statement.ts'

/** Follows what one issuer says about what of it has ended. */
export interface Follower {
  /**
   * Begins to follow, where there is a feed; to be called for each token of the issuer's that is good otherwise. Pending until
   * the feed was heard once, or for a bounded time; then undefined, until nothing was heard of who follows for longer than
   * that takes: on some runtimes (Workers) it ends with the request that began it.
   */
  start(): MaybePromise<void>
  /** Why a token is not good, if it is not. Look-ups in memory, nothing else. */
  judge(facts: TokenFacts): Extract<Reason, 'revoked' | 'revocation_unavailable'> | undefined
  /** Is everything over that was issued then? Asked about tokens whose signature nobody can verify any more. */
  isOver(issuedAt: number): boolean
  /** Asks once, without waiting for news. Resolves to why that failed, for an operator; undefined where it did not. */
  poll(uri: string): Promise<string | undefined>
  close(): void
}

export type FollowerSettings = Pick<Settings, 'clock' | 'network' | 'fetch' | 'clockTolerance'> & {
  readonly mode: 'follow' | 'require'
  readonly onWarning: (reason: Reason) => void
}

export type FollowedKeys = Pick<KeySource, 'find' | 'feedUri' | 'published'>

interface Question {
  /** Seconds that the issuer may hold its answer back. */
  readonly wait: number
  readonly background: boolean
}

const second = 1000

/**
 * Makes the follower of an issuer whose metadata name a feed; of any other it does nothing. It asks over and over, and
 * the issuer holds each answer back until there is news: so it knows at once, and requests never wait for it. What was
 * heard stays true until it expires, whatever happens to the feed.
 */
export function createFollower(rules: IssuerRules, keys: FollowedKeys, settings: FollowerSettings): Follower {
  const { clock, mode, onWarning } = settings
  const ledger = createLedger()
  const closing = new AbortController()
  const pauses = createPauses(closing.signal)
  let remembered: readonly VerificationKey[] = []
  const firsts = createSingleFlight<void>({ patienceMs: 2 * limits.revocationFirstAnswerMs })
  /** Who asks over and over; another one takes the place of one that its runtime has ended. */
  let asker = {}
  /** When something is to be heard of it at the latest, of `performance.now`. */
  let aliveUntil = 0
  let state: 'waiting' | 'starting' | 'following' = 'waiting'
  let lastStatedAt = 0
  /** When the issuer was last heard, by the clock of the settings. */
  let heardAt = Number.NEGATIVE_INFINITY
  let startedAt = 0
  let isWarned = false
  /** The last question had no good answer: the next one is not to be held back. */
  let isLost = false

  const now = () => clock.now() / second
  const isGone = () => performance.now() > aliveUntil
  const busyFor = (ms: number) => {
    aliveUntil = performance.now() + ms + limits.revocationLossMs
  }
  const silence = () => Math.abs(clock.now() - heardAt)

  /** Asks, and takes over what is said. */
  const ask = async (uri: string, { wait, background }: Question): Promise<Statement> => {
    const after = ledger.seq
    const timeoutMs = (wait + limits.revocationAnswerSeconds) * second
    busyFor(timeoutMs)
    const { status, text } = await guardedFetch(`${uri}?after=${after}&wait=${wait}`, {
      network: settings.network,
      fetch: settings.fetch,
      headers: { accept: 'application/revocations+jwt' },
      timeoutMs,
      maxBytes: limits.revocationFeedBytes,
      signal: closing.signal,
      background,
    })
    if (status !== 200) throw new FeedProblem(`it answered with status ${status}`)
    const published = keys.published()
    if (published.length > 0) remembered = published
    const statement = await verifyStatement(text, rules, { keys, remembered })
    const { clockTolerance } = settings
    checkFresh(statement, { asked: after, now: now(), clockTolerance, lastStatedAt })
    // Or else somebody has asked meanwhile, and was told more.
    if (statement.seq >= ledger.seq) {
      if (!ledger.apply(statement, now())) throw new FeedProblem('it says more than can be remembered')
      lastStatedAt = statement.iat
    }
    if (!statement.more) heard()
    return statement
  }

  const heard = (): void => {
    heardAt = clock.now()
    isLost = false
    isWarned = false
  }

  const missed = (): void => {
    isLost = true
    if (isWarned || clock.now() - Math.max(heardAt, startedAt) < limits.revocationSilenceMs) return
    isWarned = true
    onWarning('revocation_unavailable')
  }

  const catchUp = async (uri: string, question: Question): Promise<Statement> => {
    let statement = await ask(uri, question)
    for (let pages = 1; statement.more; pages += 1) {
      if (pages === limits.revocationPages) throw new FeedProblem('it never ends')
      statement = await ask(uri, { ...question, wait: 0 })
    }
    return statement
  }

  /** Goes on until it is closed, or the issuer has no feed any more, or another one has taken its place. */
  const follow = async (mine: object): Promise<void> => {
    while (mine === asker) {
      const uri = keys.feedUri()
      if (uri === undefined || closing.signal.aborted) {
        state = 'waiting'
        return
      }
      await followOnce(uri)
    }
  }

  const followOnce = async (uri: string): Promise<void> => {
    const { seq } = ledger
    const askedAt = performance.now()
    try {
      const wait = isLost ? 0 : limits.revocationWaitSeconds
      const { final } = await catchUp(uri, { wait, background: true })
      busyFor(limits.revocationIdleMs)
      await (final ? pauses.idle() : pauses.afterAnswer(performance.now() - askedAt, ledger.seq > seq))
    } catch {
      missed()
      busyFor(limits.backoffMaxMs)
      await pauses.afterFailure()
    }
  }

  const poll = async (uri: string): Promise<string | undefined> => {
    try {
      await catchUp(uri, { wait: 0, background: false })
      return undefined
    } catch (error) {
      missed()
      return problemOf(error, uri)
    }
  }

  const begin = (uri: string): Promise<void> => {
    state = 'starting'
    startedAt = clock.now()
    const mine = {}
    asker = mine
    const asked = poll(uri)
    void asked.then(() => follow(mine))
    return Promise.race([asked, pauses.firstAnswer()]).then(() => {
      if (state === 'starting') state = 'following'
    })
  }

  return {
    start() {
      if ((state === 'following' && !isGone()) || closing.signal.aborted) return undefined
      const uri = keys.feedUri()
      if (uri === undefined) return undefined
      return firsts('', () => begin(uri))
    },
    judge(facts) {
      if (ledger.hasEnded(facts)) return 'revoked'
      const isSilent = mode === 'require' && keys.feedUri() !== undefined && silence() >= limits.revocationSilenceMs
      return isSilent ? 'revocation_unavailable' : undefined
    },
    isOver: ledger.isOver,
    poll,
    close: () => closing.abort(),
  }
}

function problemOf(error: unknown, uri: string): string {
  if (error instanceof FetchProblem) return error.message
  return `${uri}: ${error instanceof FeedProblem ? error.message : 'what it says cannot be verified'}`
}
