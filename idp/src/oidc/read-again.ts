import type { IncomingMessage } from 'node:http'

/**
 * A request whose body has been read, as one whose body has not: oidc-provider reads bodies itself, and warns on
 * stderr about any that somebody else has read. Everything but the body is the request's own.
 */
export function readAgain(req: IncomingMessage, body: Buffer): IncomingMessage {
  const again: IncomingMessage = Object.create(req, {
    readable: { value: true },
    readableEncoding: { value: null },
    headers: { value: { ...req.headers, 'content-length': String(body.length) } },
    iterator: {
      value: async function* () {
        yield body
      },
    },
  })
  return again
}
