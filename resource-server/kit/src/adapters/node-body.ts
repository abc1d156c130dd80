import type { IncomingMessage } from 'node:http'
import type { MaybePromise } from '@postern/core'
import type { RequestBody } from '../request.ts'

/** A request of Node's whose body somebody may have read: a parser before the guard (`body`), or a platform (`rawBody`). */
export type ReadableRequest = IncomingMessage & { body?: unknown; rawBody?: unknown }

/**
 * Reads the body of a request of Node's and puts it back, so that parsers and transports behind the guard find the stream as
 * if nobody had read it. The bytes are left in `rawBody` too, where @hono/node-server, which is inside the SDKs' transports,
 * looks for a body that was read before.
 */
export function readNodeBody(req: ReadableRequest, maxBytes: number, request: object = req): MaybePromise<RequestBody> {
  const parsed = 'body' in request ? request.body : undefined
  const known = parsed === undefined ? {} : { parsed }
  if (req.rawBody instanceof Uint8Array) return { ...known, bytes: req.rawBody }
  if (req.readableEnded || req.readableDidRead) return parsed === undefined ? 'gone' : known
  if (req.destroyed) return 'cut_off'
  const length = Number(req.headers['content-length'] ?? Number.NaN)
  if (length === 0) return known
  if (length > maxBytes) return 'too_long'
  return readStream(req, maxBytes, length).then((body) => (typeof body === 'string' ? body : { ...known, ...body }))
}

/** `expected` is NaN where the length is not known before the end. */
function readStream(req: ReadableRequest, maxBytes: number, expected: number): Promise<RequestBody> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const settle = (body: RequestBody): void => {
      req.off('readable', take).off('end', finish).off('error', cutOff).off('close', cutOff)
      resolve(body)
    }
    const cutOff = (): void => settle('cut_off')
    const finish = (): void => {
      const bytes = Buffer.concat(chunks, length)
      req.rawBody = bytes
      // Allowed as long as the stream has not told its end, so this must not wait for that.
      if (length > 0 && !req.readableEnded) req.unshift(bytes)
      settle({ bytes })
    }
    const take = (): void => {
      while (req.readableLength > 0) {
        const chunk: unknown = req.read()
        if (!(chunk instanceof Uint8Array)) {
          settle('gone')
          return
        }
        length += chunk.byteLength
        if (length > maxBytes) {
          req.resume()
          settle('too_long')
          return
        }
        chunks.push(chunk)
      }
      if (length === expected || isWhole(req)) finish()
    }
    req.on('readable', take).on('end', finish).on('error', cutOff).on('close', cutOff)
  })
}

/** Is there no more to come? A request of HTTP/2 says so itself only when it is too late to put anything back, its stream before. */
function isWhole(req: ReadableRequest): boolean {
  if (req.complete) return true
  const stream: unknown = 'stream' in req ? req.stream : undefined
  return typeof stream === 'object' && stream !== null && 'readableEnded' in stream && stream.readableEnded === true
}
