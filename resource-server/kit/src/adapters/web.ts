import type { AuthInfo } from '../auth-info.ts'
import { corsHeaders } from '../cors.ts'
import { limits } from '../limits.ts'
import type { Reply } from '../reply.ts'
import type { GuardOptions, ResourceServer } from '../resource-server.ts'

/** A reply as a fetch `Response`. */
export function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body ?? null, { status, headers })
}

/** What a handler behind a guard answered, readable for pages of other origins, its event stream ended with the token. */
export function finish(
  rs: ResourceServer,
  { endStreams = true }: GuardOptions,
  { request, response, auth }: { readonly request: Request; readonly response: Response; readonly auth: AuthInfo },
): Response {
  // Runtimes drop the body of an answer to HEAD without a word, and what watched it would keep it until the token is over.
  const mayStream = endStreams && request.method !== 'HEAD'
  const body = mayStream ? endWithToken(response, () => rs.remaining(auth)) : response.body
  const opens = rs.cors && request.headers.has('origin') && !response.headers.has('access-control-allow-origin')
  if ((body === response.body && !opens) || response.status < 200) return response
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  if (opens) for (const [name, value] of Object.entries(corsHeaders)) headers.set(name, value)
  return new Response(body, { status, statusText, headers })
}

/** The body, or for an event stream one that ends with the token. `remaining` is in milliseconds. */
export function endWithToken({ body, headers }: Response, remaining: () => number): ReadableStream<Uint8Array> | null {
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true
  return body === null || !isStream || remaining() === Number.POSITIVE_INFINITY ? body : limitStream(body, remaining)
}

function limitStream(body: ReadableStream<Uint8Array>, remaining: () => number): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let timer: ReturnType<typeof setInterval> | undefined
  const stop = (): void => clearInterval(timer)
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => {
        if (remaining() > 0) return
        stop()
        controller.close()
        void reader.cancel().catch(() => undefined)
      }, limits.streamCheckMs)
      if (typeof timer === 'object') timer.unref()
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (remaining() <= 0) return
        if (!done) return controller.enqueue(value)
        stop()
        controller.close()
      } catch (error) {
        stop()
        controller.error(error)
      }
    },
    cancel(reason) {
      stop()
      return reader.cancel(reason)
    },
  })
}
