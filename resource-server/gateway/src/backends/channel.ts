import type { ParsedMessage, RpcMessage } from './json-rpc.ts'

/** What a single message needs beside itself. */
export interface SendOptions {
  /** Where each request has a stream of its own: aborting ends it. */
  readonly signal?: AbortSignal
  /** Called when the request's own stream has ended, whether or not the answer came over it. */
  readonly onStreamEnd?: () => void
  /** HTTP headers that mirror parts of the message (`Mcp-Param-*`); ignored where there are none. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Carries messages to and from one backend: a process's pipes, or an HTTP endpoint. */
export interface Channel {
  /** Whether each request has a stream of its own, so that `signal` and `onStreamEnd` mean something. */
  readonly perRequestStreams: boolean
  /** Ending its stream cancels a request (2026-07-28), so that no `notifications/cancelled` is to be sent. */
  cancelsBySignal(): boolean
  /**
   * Hands a message over.
   * @throws ChannelError when it cannot be delivered
   */
  send(message: RpcMessage, options?: SendOptions): Promise<void>
  /** Told of the protocol version that was agreed. */
  agreed(protocolVersion: string): void
}

/** What a channel tells its owner. */
export interface ChannelEvents {
  readonly onMessage: (message: ParsedMessage) => void
  /** The channel is of no use any more. */
  readonly onClosed: () => void
  /** `onMessage` threw: the backend is not to be listened to any more. */
  readonly onBroken: () => void
}

/** A message could not be delivered, or was answered with something other than a message. */
export class ChannelError extends Error {
  /** The HTTP status, where there was one. */
  readonly status: number | undefined
  /** A JSON-RPC error came in spite of it: it is the answer. */
  readonly answer: ParsedMessage | undefined
  /** The backend has certainly not acted on it: it may be sent again over a new connection. */
  readonly lost: boolean

  constructor(
    message: string,
    options: { status?: number; answer?: ParsedMessage; lost?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'ChannelError'
    this.status = options.status
    this.answer = options.answer
    this.lost = options.lost ?? false
  }
}
