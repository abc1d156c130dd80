// For tests: a browser without a window. It keeps cookies as browsers do, and follows redirects one by one.

export interface Visit {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where it is. */
  readonly url: string
  /** Where the answer sends it, absolute: by a redirect, or by a page that goes on at once by itself. */
  readonly location: string | undefined
}

export interface Browser {
  /** One request; redirects are not followed. */
  go(url: string, form?: Readonly<Record<string, string>>): Promise<Visit>
  /** A form with other headers than a browser would send with our own. */
  send(url: string, form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>>): Promise<Visit>
  /** Follows redirects for as long as they stay with the provider. */
  follow(url: string, form?: Readonly<Record<string, string>>): Promise<Visit>
  /** Cookies that it would send to the URL, by name. */
  cookies(url: string): Readonly<Record<string, string>>
  /** Puts a cookie in, as if the provider had set it for the path. */
  put(name: string, value: string, path: string): void
}

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

/**
 * @param origin what the provider calls itself
 * @param at where it listens, if elsewhere
 */
export function createBrowser(origin: string, at: string = origin): Browser {
  const jar = new Map<string, Cookie>()
  return { go, send, follow, cookies, put }

  function go(url: string, form?: Readonly<Record<string, string>>): Promise<Visit> {
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8'
    return send(url, form, { accept, ...(form === undefined ? {} : { origin }) })
  }

  async function send(
    url: string,
    form: Readonly<Record<string, string>> | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Visit> {
    const header = Object.entries(cookies(url))
      .map(([name, value]) => `${name}=${value}`)
      .join('; ')
    const response = await fetch(url.replace(origin, at), {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { ...headers, ...(header === '' ? {} : { cookie: header }) },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    })
    for (const line of response.headers.getSetCookie()) keep(line)
    const text = await response.text()
    const location = response.headers.get('location') ?? refreshOf(text)
    return {
      status: response.status,
      headers: response.headers,
      text,
      url,
      location: location === null ? undefined : new URL(location, url).href,
    }
  }

  async function follow(url: string, form?: Readonly<Record<string, string>>): Promise<Visit> {
    let visit = await go(url, form)
    for (let hops = 0; hops < 10; hops += 1) {
      if (visit.location === undefined || !visit.location.startsWith(`${origin}/`)) return visit
      visit = await go(visit.location)
    }
    throw new Error(`too many redirects at ${visit.url}`)
  }

  function cookies(url: string): Readonly<Record<string, string>> {
    const { pathname } = new URL(url)
    const sent = [...jar.values()].filter(({ path }) => pathname === path || pathname.startsWith(withSlash(path)))
    return Object.fromEntries(sent.map(({ name, value }) => [name, value]))
  }

  function put(name: string, value: string, path: string): void {
    jar.set(`${path};${name}`, { name, value, path })
  }

  function keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ')
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
    const path = attributes.find((one) => one.startsWith('path='))?.slice('path='.length) ?? '/'
    const isGone = attributes.some((one) => one.startsWith('expires=Thu, 01 Jan 1970'))
    if (isGone) jar.delete(`${path};${name}`)
    else put(name, value, path)
  }
}

/** Where a page without any script goes on by itself (HTML, meta refresh). */
function refreshOf(page: string): string | null {
  const [, address] = /<meta http-equiv="refresh" content="0; url=([^"]*)">/.exec(page) ?? []
  return address?.replaceAll('&amp;', '&') ?? null
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}
