import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RpcId, RpcNotification, RpcOutcome } from '../backends/json-rpc.ts'
import type { ProtocolLimits } from '../limits.ts'
import { type EventStream, openEventStream } from './event-stream.ts'
import { sendJson } from './replies.ts'

/** What a client takes as the answer to a POST. */
export interface Accepts {
  readonly json: boolean
  readonly stream: boolean
}

/** Reads the Accept header. Who sends none, or only wildcards (curl), takes both. */
export function readAccept(req: IncomingMessage): Accepts {
  const accept = req.headers.accept
  if (accept === undefined || accept.includes('*/*')) return { json: true, stream: true }
  return { json: accept.includes('application/json'), stream: accept.includes('text/event-stream') }
}

export interface AnswerOptions {
  readonly accepts: Accepts
  readonly limits: ProtocolLimits
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The answer to one POST: a single JSON body, unless something has to be said before the end or the end is long in
 * coming; then a stream.
 */
export interface Answer {
  /** Says something about the request before its answer. Lost on clients that take no streams. */
  notify(notification: RpcNotification): void
  /** Sends a message of another kind before the answer; false when the client cannot be reached so. */
  say(message: object): boolean
  /** The answer to the request, with an HTTP status where the response is no stream. */
  finish(id: RpcId, outcome: RpcOutcome, status?: number, headers?: Readonly<Record<string, string>>): void
}

/** Prepares the answer to a POST. */
export function createAnswer(res: ServerResponse, { accepts, limits, headers = {} }: AnswerOptions): Answer {
  let stream: EventStream | undefined
  const open = (): EventStream => {
    clearTimeout(timer)
    stream ??= openEventStream(res, { ...limits, headers })
    return stream
  }
  const timer = accepts.stream ? setTimeout(open, limits.streamAfterMs) : undefined
  timer?.unref()
  res.once('close', () => clearTimeout(timer))
  const say = (message: object): boolean => {
    if (!accepts.stream || res.writableEnded || res.destroyed) return false
    open().send(message)
    return true
  }
  return {
    say,
    notify: (notification) => void say({ jsonrpc: '2.0', ...notification }),
    finish(id, outcome, status = 200, more = {}) {
      clearTimeout(timer)
      const message = response(id, outcome)
      if (stream === undefined && accepts.json) sendJson(res, status, message, { ...headers, ...more })
      else open().end(message)
    },
  }
}

/** An outcome as a message. */
export function response(id: RpcId, outcome: RpcOutcome): object {
  return 'error' in outcome
    ? { jsonrpc: '2.0', id, error: outcome.error }
    : { jsonrpc: '2.0', id, result: outcome.result }
}
