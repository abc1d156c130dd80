import type { ChannelError } from './channel.ts'
import { createConnection } from './connection.ts'
import { HandshakeError, shakeHands } from './handshake.ts'
import { createHttpChannel, type HttpChannel } from './http-channel.ts'
import type { JsonObject, RpcNotification } from './json-rpc.ts'
import type { End, Live } from './live.ts'
import { createPeer } from './peer.ts'
import { printable, redact } from './text.ts'
import { BackendError, type BackendLimits, type Era, type HttpBackend } from './types.ts'

export interface HttpOptions {
  readonly backend: HttpBackend
  readonly prefer: Era
  readonly shared: boolean
  /** What the backend may ask of its client. */
  readonly capabilities: JsonObject
  /** Brings the gateway's own token along where there is one. */
  readonly fetch: typeof fetch
  readonly limits: BackendLimits
}

/**
 * Opens a conversation with an MCP server at a URL.
 * @throws BackendError with a sentence that names the mend where there is one
 */
export async function startHttp(options: HttpOptions): Promise<Live> {
  const { backend, prefer, shared, capabilities, fetch, limits } = options
  const end = Promise.withResolvers<End>()
  let deliver: (notification: RpcNotification) => void = () => {}
  const channel = await createHttpChannel({
    backend,
    fetch,
    limits,
    events: {
      onMessage: (message) => peer.receive(message),
      onClosed: () => {
        end.resolve({ kind: 'over' })
        peer.close('The backend of this service has ended the session.')
      },
      onBroken: () => {
        const name = `\`${withoutQuery(backend.url)}\``
        end.resolve({ kind: 'failed', reason: `${name} was left, for one of its messages could not be passed on` })
        peer.close('The backend of this service has failed.')
      },
    },
  })
  const peer = createPeer({
    channel,
    capabilities,
    limits,
    onNotification: (notification) => deliver(notification),
  })
  const close = async (): Promise<void> => {
    end.resolve({ kind: 'closed' })
    peer.close('The backend of this service was closed.')
    await channel.close()
  }
  try {
    const server = await shakeHands(peer, channel, { prefer, capabilities, timeoutMs: limits.httpStartMs })
    const { connection, onNotification } = createConnection({ peer, server, shared, requestMs: limits.requestMs })
    deliver = onNotification
    return { connection, ended: end.promise, close }
  } catch (error) {
    await close()
    if (!(error instanceof HandshakeError)) throw error
    throw new BackendError('failed', httpSentence(backend, channel, error, limits), { cause: error })
  }
}

function httpSentence(
  backend: HttpBackend,
  channel: HttpChannel,
  error: HandshakeError,
  limits: BackendLimits,
): string {
  const name = `\`${withoutQuery(backend.url)}\``
  const failed = error.problem === undefined ? undefined : channel.lastError()
  if (error.problem === 'timeout') return `${name} did not answer within ${limits.httpStartMs / 1000} s`
  const quote = (text: string): string =>
    printable(redact(text, Object.values(backend.headers ?? {})), limits.quotedLength)
  if (failed !== undefined) return `${name} ${failureText(failed, quote)}`
  return `${name} ${error.message}${error.quoted === undefined ? '' : `: ${quote(error.quoted)}`}`
}

function failureText({ status, message, cause }: ChannelError, quote: (text: string) => string): string {
  if (status === undefined) return `could not be reached or is no MCP server: ${quote(message)}`
  if (status === 401 || status === 403)
    return `refused the gateway (HTTP ${status}): check the backend's headers or oauth`
  if (status === 404 || status === 405) {
    return `answered HTTP ${status}: check the URL, which for streamable HTTP usually ends in /mcp`
  }
  if (status >= 300 && status < 400)
    return `answered with a redirect, which is not followed: give the URL that it leads to`
  const words = cause instanceof Error ? `: ${quote(cause.message)}` : ''
  return `answered HTTP ${status}${words}`
}

/** A URL fit to be shown: a query may hold a key. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
