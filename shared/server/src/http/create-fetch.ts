export interface FetchOptions {
  /** What lies under `publicUrl` is fetched at `internalUrl`: the same server by the name it has inside a network. */
  internal?: { publicUrl: string; internalUrl: string }
  fetch?: typeof fetch
}

/** A fetch that goes to a server of ours by its internal address. All other URLs are fetched as they are. */
export function createFetch({ internal, fetch: base = fetch }: FetchOptions = {}): typeof fetch {
  if (internal === undefined) return base
  const from = new URL(internal.publicUrl)
  const to = new URL(internal.internalUrl)
  return (input, init) => {
    const url = rewrite(new URL(input instanceof Request ? input.url : input), from, to)
    if (url === undefined) return base(input, init)
    return base(input instanceof Request ? new Request(url, input) : url, init)
  }
}

function rewrite(url: URL, from: URL, to: URL): URL | undefined {
  const prefix = from.pathname.replace(/\/$/, '')
  if (url.origin !== from.origin) return undefined
  if (url.pathname !== prefix && !url.pathname.startsWith(`${prefix}/`)) return undefined
  const target = new URL(url)
  target.protocol = to.protocol
  target.host = to.host
  if (to.port === '') target.port = ''
  target.pathname = to.pathname.replace(/\/$/, '') + url.pathname.slice(prefix.length)
  return target
}
