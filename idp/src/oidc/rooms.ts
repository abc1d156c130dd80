import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HotPool } from '../directory/types.ts'
import type { Exchange } from './exchange.ts'

/** An endpoint of a pool that is not oidc-provider's: registration, introspection, revocation. */
export interface Room {
  /** Path below the issuer, e.g. `/reg`; with `below`, the paths under it as well. */
  readonly path: string
  readonly below?: boolean
  /** Methods, as an Allow header lists them: `POST, OPTIONS`. */
  readonly methods: string
  /** false: the pool has no such endpoint (404). */
  isOn(pool: HotPool): boolean
  /** The exchange is noted already; `req.url` is the path below the issuer, with its query. */
  handle(req: IncomingMessage, res: ServerResponse, exchange: Exchange): Promise<void>
}
