/**
 * A fetch whose answers are bounded: a JSON body in all, an event stream from one blank line to the next (one event).
 * What is longer fails the reading of the body.
 */
export function boundedFetch(base: typeof fetch, maxBytes: number): typeof fetch {
  return async (input, init) => bounded(await base(input, init), maxBytes)
}

function bounded(response: Response, maxBytes: number): Response {
  const { body, headers } = response
  if (body === null) return response
  const events = headers.get('content-type')?.startsWith('text/event-stream') === true
  const length = Number(headers.get('content-length') ?? Number.NaN)
  if (!events && length <= maxBytes) return response
  const limited = body.pipeThrough(byteLimit(maxBytes, events))
  return new Response(limited, { status: response.status, statusText: response.statusText, headers })
}

const lineFeed = 10
const carriageReturn = 13

function byteLimit(maxBytes: number, perEvent: boolean): TransformStream<Uint8Array, Uint8Array> {
  let size = 0
  let atLineStart = false
  const count = (chunk: Uint8Array): void => {
    for (const byte of chunk) {
      size += 1
      if (byte === carriageReturn) continue
      if (byte === lineFeed && atLineStart) size = 0
      atLineStart = byte === lineFeed
    }
  }
  return new TransformStream({
    transform(chunk, controller) {
      if (perEvent) count(chunk)
      else size += chunk.byteLength
      if (size > maxBytes) controller.error(new Error(`the answer is longer than ${maxBytes} bytes`))
      else controller.enqueue(chunk)
    },
  })
}
