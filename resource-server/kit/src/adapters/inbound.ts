import type { InboundRequest } from '../request.ts'
import { type ReadableRequest, readNodeBody } from './node-body.ts'
import { peerCertificate } from './peer-certificate.ts'

/**
 * A request. The guard writes to `auth`, where the transports of both MCP SDK generations look for the caller; what was
 * there before is never read. (Untyped here, because SDK v1 declares it for Express in a type of its own.)
 */
export type NodeRequest = ReadableRequest & { originalUrl?: string; auth?: unknown }

/** What a framework knows of a request better than Node does. */
export interface FrameworkView {
  /** Behind a mounted router the `url` of Node's request is shortened. */
  readonly originalUrl: string
  /** Where body parsers leave a `body`. */
  readonly request: object
}

/** The kit's view of a request of Node's. */
export function viewOf(req: NodeRequest, framework?: FrameworkView): InboundRequest {
  const { method = 'GET', originalUrl, url = '/', rawHeaders, headers } = req
  return {
    method,
    url: framework?.originalUrl ?? originalUrl ?? url,
    rawHeaders,
    header: (name) => (headers[name] ?? (name === 'host' ? headers[':authority'] : undefined))?.toString(),
    clientCertificate: () => peerCertificate(req),
    source: req,
    body: (maxBytes) => readNodeBody(req, maxBytes, framework?.request),
  }
}
