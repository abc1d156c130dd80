import { isLoopbackHost, type MaybePromise } from '@postern/core'
import type { Decision, Gate } from '../gate.ts'
import { ConfigError } from '../options/config-error.ts'
import type { Reply } from '../reply.ts'
import { fromFetchRequest, type InboundRequest, splitUrl } from '../request.ts'
import type { GuardOptions, ResourceServer, ScopedCaller } from '../resource-server.ts'
import { type HostRule, hostOf, parseHost } from './host.ts'

/**
 * Joins the resource servers of one program that answers under several public origins: each request is decided by the one
 * whose resource has the host that the request is for. A host that is none of theirs is answered 421, so what the Host
 * header says chooses among what is configured and never reaches a challenge. Use it where it stands for a resource server:
 * `guard(byHost([first, second]))`.
 *
 * Throws `ConfigError` for resource servers of the same host.
 */
export function byHost(servers: readonly ResourceServer[]): ResourceServer {
  const [first] = servers
  if (first === undefined) throw new ConfigError('servers', 'must be a list of at least one resource server')
  const hosts = new Map(servers.map((server) => [new URL(server.resource).host, server]))
  if (hosts.size < servers.length) {
    throw new ConfigError('servers', 'must each have a host of its own; several resources of one host need no byHost')
  }
  const serverAt = (host: HostRule | undefined): ResourceServer | undefined => {
    if (host === undefined) return undefined
    const { hostname, port } = host
    return hosts.get(port === undefined ? hostname : `${hostname}:${port}`) ?? hosts.get(withoutDefault(hostname, port))
  }
  const serverFor = (request: InboundRequest): ResourceServer | undefined => {
    const found = serverAt(hostOf(request))
    // The handler of a fetch `Request` may go by its URL: that may be a framework's guess, but not another server's.
    const other = serverAt(hostOfUrl(request.url))
    return other === undefined || other === found ? found : undefined
  }
  const gate = (options?: GuardOptions): Gate => {
    const gates = new Map(servers.map((server) => [server, server.gate(options)]))
    return (request): MaybePromise<Decision> => {
      const server = serverFor(request)
      const decide = gates.get(server ?? first)
      if (decide === undefined) throw new TypeError('a gate for each server')
      return decide(server === undefined ? { ...request, isMisdirected: true } : request)
    }
  }
  const publish = (request: InboundRequest): Reply | undefined => {
    const server = serverFor(request)
    if (server !== undefined) return server.publish(request)
    return splitUrl(request.url).path.startsWith(wellKnown) ? misdirected : undefined
  }
  const everyRequest = gate()
  const serverOf = (caller: Pick<ScopedCaller, 'resource'> | undefined): ResourceServer =>
    servers.find(({ resource }) => caller?.resource?.href === new URL(resource).href) ?? first
  return {
    ...first,
    get verifier(): ResourceServer['verifier'] {
      throw new TypeError('a token alone does not tell the host; use the verifier of one of the resource servers')
    },
    gate,
    publish,
    async authenticate(request, options) {
      const decide = options === undefined ? everyRequest : gate(options)
      const { auth, reply } = await decide(fromFetchRequest(request))
      return reply === undefined ? auth : toResponse(reply)
    },
    metadata(request) {
      const reply = publish(fromFetchRequest(request))
      return reply === undefined ? undefined : toResponse(reply)
    },
    remaining: (auth) => serverOf(auth).remaining(auth),
    stepUp: (caller, needs) => serverOf(caller).stepUp(caller, needs),
    check: async () => (await Promise.all(servers.map((server) => server.check()))).flat(),
    reload: async () => (await Promise.all(servers.map((server) => server.reload()))).flat(),
    close() {
      for (const server of servers) server.close()
    },
  }
}

/** Where frameworks put the name in that they listen on, that is mostly one of this machine. */
function hostOfUrl(url: string): HostRule | undefined {
  if (url.startsWith('/') || !URL.canParse(url)) return undefined
  const { hostname, host } = new URL(url)
  return isLoopbackHost(hostname) ? undefined : parseHost(host)
}

const wellKnown = '/.well-known/oauth-protected-resource'

const misdirected: Reply = {
  status: 421,
  headers: { 'cache-control': 'no-store', 'content-type': 'application/json' },
  body: JSON.stringify({ error: 'misdirected' }),
}

/** Clients may name the port that goes without saying; a resource never does. */
function withoutDefault(hostname: string, port: string | undefined): string {
  return port === '443' || port === '80' ? hostname : ''
}

function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body ?? null, { status, headers })
}
