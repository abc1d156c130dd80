import type { IncomingMessage } from 'node:http'
import type { Claim } from './credentials.ts'
import type { OpenPool } from './open-pools.ts'

/** What goes with one request on its way through the provider. */
export interface Exchange {
  readonly opened: OpenPool
  readonly requestId: string | undefined
  /** `performance.now()` at the start: how long something took is never a matter of the clock. */
  readonly startedAt: number
  /** Remote address of the connection. */
  readonly address: string
  /** Who the request says it comes from; undefined while that is not known, or where it says nobody. */
  readonly claim: Claim | undefined
}

const exchanges = new WeakMap<IncomingMessage, Exchange>()

/** Notes what goes with a request. */
export function noteExchange(req: IncomingMessage, exchange: Exchange): void {
  exchanges.set(req, exchange)
}

/** What goes with a request; throws for one that did not come through the front. */
export function exchangeOf(req: IncomingMessage | undefined): Exchange {
  const exchange = req && exchanges.get(req)
  if (exchange === undefined) throw new Error('the request did not come through the front of the provider')
  return exchange
}
