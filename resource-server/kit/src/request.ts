/** What the kit needs to know of a request, whatever the framework. */
export interface InboundRequest {
  readonly method: string
  /** Path and query as the client sent them, or the whole URL. A host in it is never believed. */
  readonly url: string
  /** The value of a header by its lower-case name. */
  header(name: string): string | undefined
  /** Names and values in turn, as they came; Node's parser keeps only the first of two Authorization headers elsewhere. */
  readonly rawHeaders?: readonly string[] | undefined
  /** Goes to the event, so that it can be joined to the host's own logs. */
  readonly requestId?: string | undefined
}

/** The kit's view of a fetch `Request`. */
export function fromFetchRequest(request: Request): InboundRequest {
  const { method, url, headers } = request
  return { method, url, header: (name) => headers.get(name) ?? undefined }
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
