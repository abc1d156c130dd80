import { rpcCodes } from '../backends/json-rpc.ts'
import type { ConnectOptions, Lease, WatchFilter } from '../backends/types.ts'
import { isLegacyVersion, legacyVersions } from '../backends/versions.ts'
import type { Exchange } from './exchange.ts'
import type { Parts } from './parts.ts'
import { Refusal, refusals } from './replies.ts'
import type { Session } from './sessions.ts'

/**
 * The session that a request names, if it names one. Its id is no credential: the caller was verified before, and is
 * shown sessions of their own only.
 * @throws Refusal 404 for an unknown or foreign session, 400 for a protocol version that is not spoken here
 */
export function sessionOf({ req, service, principal, refused }: Exchange, { sessions }: Parts): Session | undefined {
  const version = req.headers['mcp-protocol-version']
  if (version !== undefined && !isLegacyVersion(version)) throw unsupportedVersion()
  const id = req.headers['mcp-session-id']
  if (id === undefined) return undefined
  const session = typeof id === 'string' ? sessions.find(id, service.id, principal.caller.key) : undefined
  if (session !== undefined) return session
  refused('session_unknown')
  throw new Refusal(refusals.session)
}

function unsupportedVersion(): Refusal {
  const message = `Bad request: unsupported protocol version (supported: ${legacyVersions.join(', ')})`
  return new Refusal({ status: 400, code: rpcCodes.refused, message })
}

/** How a backend is to be reached for a session, or for a client that has none and so cannot be asked anything. */
export function connectOptions(session: Session | undefined): ConnectOptions {
  return { prefer: 'legacy', capabilities: session?.capabilities ?? {} }
}

/** Everything that belongs to no one request, and the resources that the client subscribed to. */
export function watchFilter({ resources }: Session): WatchFilter {
  return {
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
    resources: [...resources],
    rest: true,
  }
}

/** Has the session's stream, where there is one, tell what this connection says from now on. Takes the lease over, or releases it. */
export function follow(session: Session, lease: Lease): void {
  const { stream, questions } = session
  if (stream === undefined) lease.release()
  else stream.watch(lease, watchFilter(session), { onRequest: questions.asker(stream.send) })
}

/**
 * Opens the stream of GET: what the backend says unasked. A second one takes the place of the first, which the client
 * has mostly lost without the gateway having noticed.
 * @throws Refusal
 */
export async function openStream(exchange: Exchange, parts: Parts): Promise<void> {
  const { req, service, principal } = exchange
  if (!(req.headers.accept ?? '*/*').match(/text\/event-stream|\*\/\*/)) throw new Refusal(refusals.acceptStream)
  const session = sessionOf(exchange, parts)
  if (session === undefined) throw new Refusal(refusals.noSession)
  session.stream?.end()
  const stream = parts.streams.open(exchange, {
    headers: { 'mcp-session-id': session.id },
    onClose: () => {
      if (session.stream === stream) session.stream = undefined
    },
  })
  session.stream = stream
  // A backend that cannot be had now is watched from the next request on that reaches it.
  const lease = await parts.backends.connect(service, principal.caller, connectOptions(session)).catch(() => undefined)
  if (lease !== undefined) follow(session, lease)
}

/** Ends the session of DELETE. */
export function endSession(exchange: Exchange, parts: Parts): void {
  const session = sessionOf(exchange, parts)
  if (session === undefined) throw new Refusal(refusals.noSession)
  parts.sessions.end(session)
}
