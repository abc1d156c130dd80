import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MaybePromise } from '@postern/core'

/** A plain request handler of node:http. */
export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => MaybePromise<void>

/** The path of a request as it came, without its query; '' when it is malformed. */
export function pathOf(req: IncomingMessage): string {
  const url = req.url ?? ''
  if (!url.startsWith('/')) return URL.canParse(url) ? new URL(url).pathname : ''
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
