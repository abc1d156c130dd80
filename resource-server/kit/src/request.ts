import type { MaybePromise } from '@postern/core'
import { readFetchBody } from './request-body.ts'

/** What the kit needs to know of a request, whatever the framework. */
export interface InboundRequest {
  readonly method: string
  /** Path and query as the client sent them, or the whole URL. A host in it is never believed. */
  readonly url: string
  /** The value of a header by its lower-case name. */
  header(name: string): string | undefined
  /** Names and values in turn, as they came; Node's parser keeps only the first of two Authorization headers elsewhere. */
  readonly rawHeaders?: readonly string[] | undefined
  /** The certificate, in DER, that the client proved to have in the TLS handshake; undefined where it had none. */
  readonly clientCertificate?: (() => Uint8Array | undefined) | undefined
  /** Node's request or the fetch `Request`, for callbacks of the host's and to know it again. */
  readonly source?: unknown
  /** It is for a host that nobody here answers for. */
  readonly isMisdirected?: boolean
  /** Goes to the event, so that it can be joined to the host's own logs. */
  readonly requestId?: string | undefined
  /** The body, for guards that look at the operations in it. Whoever comes next can still read it. */
  readonly body?: ((maxBytes: number) => MaybePromise<RequestBody>) | undefined
}

/**
 * The body of a request as others will see it: its bytes, what a body parser before the guard made of them, or both.
 * `too_long`: there is more than was asked for. `cut_off`: the client has gone.
 * `gone`: somebody has read it and kept it to themselves.
 */
export type RequestBody = { readonly bytes?: Uint8Array; readonly parsed?: unknown } | 'too_long' | 'cut_off' | 'gone'

/** The kit's view of a fetch `Request`. */
export function fromFetchRequest(request: Request): InboundRequest {
  const { method, url, headers } = request
  return {
    method,
    url,
    header: (name) => headers.get(name) ?? undefined,
    body: (maxBytes) => readFetchBody(request, maxBytes),
    source: request,
  }
}

/** Splits path and query off a request's URL, which may be absolute. */
export function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const target = url.startsWith('/') ? url : afterAuthority(url)
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark) }
}

function afterAuthority(url: string): string {
  const rest = url.slice(url.indexOf('://') + 3)
  const start = rest.search(/[/?]/)
  if (start < 0) return '/'
  return rest[start] === '?' ? `/${rest.slice(start)}` : rest.slice(start)
}
