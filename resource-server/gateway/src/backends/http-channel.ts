import { type JSONRPCMessage, SdkHttpError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { boundedFetch } from './bounded-fetch.ts'
import { type Channel, ChannelError, type ChannelEvents } from './channel.ts'
import { type ParsedMessage, type RpcMessage, readMessage } from './json-rpc.ts'
import type { BackendLimits, HttpBackend } from './types.ts'
import { isModernVersion } from './versions.ts'

export interface HttpChannel extends Channel {
  /** The last delivery that failed. */
  lastError(): ChannelError | undefined
  /** Ends the session at the backend, as far as that goes, and all streams. */
  close(): Promise<void>
}

export interface HttpChannelOptions {
  readonly backend: HttpBackend
  readonly fetch: typeof fetch
  readonly limits: BackendLimits
  readonly events: ChannelEvents
}

/** Streamable HTTP to a backend, over the SDK's transport: sessions, event streams, resumption. Redirects are refused. */
export async function createHttpChannel({ backend, fetch, limits, events }: HttpChannelOptions): Promise<HttpChannel> {
  const transport = new StreamableHTTPClientTransport(new URL(backend.url), {
    fetch: boundedFetch(fetch, limits.messageBytes),
    requestInit: { headers: { ...backend.headers }, redirect: 'manual' },
    onInsufficientScope: 'throw',
  })
  let modern = false
  let lastError: ChannelError | undefined
  transport.onmessage = (message) => {
    const parsed = readMessage(message, limits.messageDepth)
    if (parsed === undefined) return
    try {
      events.onMessage(parsed)
    } catch {
      // The transport would take it for a failure of its own, and go on listening.
      events.onBroken()
    }
  }
  await transport.start()

  return {
    perRequestStreams: true,
    cancelsBySignal: () => modern,
    lastError: () => lastError,
    agreed(version) {
      modern = isModernVersion(version)
      transport.setProtocolVersion(version)
    },
    async send(message, { signal, onStreamEnd, headers } = {}) {
      try {
        await transport.send(toSdk(message), {
          ...(signal === undefined ? {} : { requestSignal: signal }),
          ...(onStreamEnd === undefined ? {} : { onRequestStreamEnd: onStreamEnd }),
          ...(headers === undefined ? {} : { headers }),
        })
      } catch (error) {
        lastError = channelError(error, message, transport.sessionId !== undefined, limits.messageDepth)
        // After the sender has learnt that its message was lost, or it would learn no more than that all is over.
        if (lastError.lost) setImmediate(events.onClosed)
        throw lastError
      }
    },
    async close() {
      await Promise.race([transport.terminateSession().catch(() => {}), limitedWait(limits.termGraceMs)])
      await transport.close()
    },
  }
}

/** The SDK's type says the same with mutable fields. */
function toSdk(message: RpcMessage): JSONRPCMessage {
  return message as JSONRPCMessage
}

function limitedWait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}

function channelError(error: unknown, message: RpcMessage, inSession: boolean, maxDepth: number): ChannelError {
  if (!(error instanceof SdkHttpError)) {
    return new ChannelError(error instanceof Error ? causeText(error) : 'the request failed', { cause: error })
  }
  const { status, text } = error.data
  const answer = answerIn(text, message, maxDepth)
  const details = { status, cause: error, ...(answer === undefined ? {} : { answer }) }
  // Refused at the door, before the request was looked at: the session is not known (any more).
  const lost = inSession && answer === undefined && (status === 404 || status === 400)
  return new ChannelError(`it answered ${status}`, { ...details, lost })
}

/** The JSON-RPC error in a refusal, when it is about this very request. */
function answerIn(text: unknown, message: RpcMessage, maxDepth: number): ParsedMessage | undefined {
  if (typeof text !== 'string' || !('id' in message)) return undefined
  try {
    const parsed = readMessage(JSON.parse(text), maxDepth)
    return parsed?.kind === 'response' && parsed.id === message.id ? parsed : undefined
  } catch {
    return undefined
  }
}

/** The innermost cause of a failed fetch says most: `connect ECONNREFUSED …`. */
function causeText(error: Error): string {
  let innermost = error
  for (let depth = 0; innermost.cause instanceof Error && depth < 5; depth++) innermost = innermost.cause
  return innermost.message === '' ? error.message : innermost.message
}
