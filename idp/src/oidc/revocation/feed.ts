import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, createCache, createSingleFlight } from '@postern/core'
import type { Store } from '@postern/server'
import { type FeedPlace, readFeed, readPlace } from '../../directory/revocations/reads.ts'
import { limits } from '../../limits.ts'
import type { IdpDatabase } from '../../schema.ts'
import type { OpenPool, OpenPools } from '../open-pools.ts'
import { sendError } from '../respond.ts'
import type { FeedHub } from './feed-hub.ts'
import { type FeedQuery, readFeedQuery } from './feed-query.ts'
import { signStatement, statementOf } from './statement.ts'

export interface FeedOptions {
  readonly store: Store<IdpDatabase>
  readonly clock: Clock
  readonly pools: OpenPools
  readonly hub: FeedHub
}

/** A signed statement, and the place that it leads to. */
interface Signed {
  readonly seq: number
  readonly statement: string
}

export interface FeedTarget {
  readonly poolId: string
  /** With its `?`, or empty. */
  readonly query: string
}

/** Answers `<issuer>/revocations`. */
export type Feed = (req: IncomingMessage, res: ServerResponse, target: FeedTarget) => Promise<void>

const second = 1000
const noPool = 'there is no such user pool, or it has been gone for so long that no token of it can be live'

/**
 * The feed of what has ended before its time. It is for everybody, without credentials: it names nothing, only hashes.
 * Answered for pools that are disabled or deleted too, for those are what resource servers most want to hear of.
 */
export function createFeed({ store, clock, pools, hub }: FeedOptions): Feed {
  const ground = () => ({ db: store.db, now: clock.now() })
  const signed = createCache<Signed>({ max: limits.revocationStatements, clock })
  const flight = createSingleFlight<Signed>()

  /** What was signed a moment ago serves again, as long as nothing has changed since. */
  const state = async ({ pool, issuer, signer }: OpenPool, { seq }: FeedPlace, after: number): Promise<Signed> => {
    const key = JSON.stringify([pool.id, signer.kid, after, seq])
    const known = signed.get(key)
    if (known !== undefined) return known
    return await flight(key, async () => {
      const now = clock.now()
      const page = await readFeed(ground(), pool.id, { after, last: seq }, limits.revocationsPerStatement)
      const made = { seq: page.seq, statement: await signStatement(statementOf(issuer, after, page, now), signer) }
      signed.set(key, made, now + limits.revocationStatementReuseMs)
      return made
    })
  }

  const current = async (poolId: string, after: number): Promise<Signed | undefined> => {
    const place = await readPlace(ground(), poolId)
    const { isOver, tombstone } = place
    // The pool may still be kept in memory when another process has deleted it.
    if (isOver) return tombstone === undefined ? undefined : { seq: Number.POSITIVE_INFINITY, statement: tombstone }
    const opened = await pools.open(poolId)
    return opened && (await state(opened, place, after))
  }

  const next = async (poolId: string, { after, wait }: FeedQuery, signal: AbortSignal) => {
    const now = await current(poolId, after)
    if (now === undefined || now.seq > after || wait === 0) return now
    await hub.wait(poolId, after, { ms: wait * second, signal })
    return await current(poolId, after)
  }

  return async (req, res, { poolId, query }) => {
    const asked = readFeedQuery(query)
    if ('problem' in asked) return sendError(res, { status: 400, error: 'invalid_request', description: asked.problem })
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    const answer = await next(poolId, req.method === 'HEAD' ? { ...asked, wait: 0 } : asked, gone.signal)
    if (res.destroyed) return
    if (answer === undefined) return sendError(res, { status: 404, error: 'invalid_request', description: noPool })
    send(req, res, answer, asked.after)
  }
}

/** The tag stands for the place, not for the moment: 304 says that nothing has happened since. */
function send(req: IncomingMessage, res: ServerResponse, { seq, statement }: Signed, after: number): void {
  const etag = `W/"${after}-${Number.isFinite(seq) ? seq : 'end'}"`
  const more = { etag, 'cache-control': 'no-cache' }
  if (matches(req.headers['if-none-match'], etag)) {
    res.writeHead(304, more).end()
    return
  }
  res.writeHead(200, {
    ...more,
    'content-type': 'application/revocations+jwt',
    'content-length': Buffer.byteLength(statement),
  })
  res.end(req.method === 'HEAD' ? undefined : statement)
}

/** RFC 9110 §13.1.2: weak comparison. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag.slice(2))
}
