import type { ServerResponse } from 'node:http'

export interface EventStreamOptions {
  readonly keepAliveMs: number
  readonly unsentBytes: number
  readonly headers?: Readonly<Record<string, string>>
  readonly onClose?: () => void
}

/** A response that is a stream of messages (server-sent events). */
export interface EventStream {
  send(message: object): void
  /** Ends the stream, after a last message where there is one. */
  end(last?: object): void
}

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const

/** Turns a response into a stream of messages. A reader who does not keep up loses the stream, not the gateway its memory. */
export function openEventStream(res: ServerResponse, options: EventStreamOptions): EventStream {
  if (!res.destroyed && !res.headersSent) {
    res.writeHead(200, { ...streamHeaders, ...options.headers })
    res.flushHeaders()
  }
  const timer = setInterval(() => write(': keep-alive\n\n'), options.keepAliveMs)
  timer.unref()
  const onClose = (): void => {
    clearInterval(timer)
    options.onClose?.()
  }
  // The reader may have gone before; whoever opens the stream learns it once it is open.
  if (res.destroyed) setImmediate(onClose)
  else res.once('close', onClose)
  const write = (text: string): void => {
    if (res.destroyed || res.writableEnded) return
    res.write(text)
    if (res.writableLength > options.unsentBytes) res.destroy()
  }
  const send = (message: object): void => write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
  return {
    send,
    end(last) {
      if (last !== undefined) send(last)
      if (!res.destroyed) res.end()
    },
  }
}
