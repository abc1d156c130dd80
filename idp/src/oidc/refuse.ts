import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PageFacts, Pages, RenderedPage } from './pages.ts'
import { type ErrorAnswer, sendError, tokenHeaders } from './respond.ts'
import { wantsPage } from './wants-page.ts'

/** Refuses with a page where a person's browser asks, else with JSON. Neither repeats anything of the request. */
export function createRefuse(pages: Pages) {
  return (
    req: IncomingMessage,
    res: ServerResponse,
    path: string | undefined,
    { opened, requestId }: Pick<PageFacts, 'opened' | 'requestId'>,
    answer: ErrorAnswer,
  ): void => {
    if (!wantsPage(req, path)) {
      sendError(res, answer)
      return
    }
    const acceptLanguage = req.headers['accept-language']
    const { error, description, mend } = answer
    sendRendered(res, answer, pages.error({ opened, requestId, acceptLanguage, error, description, mend }))
  }
}

function sendRendered(
  res: ServerResponse,
  { status, headers = {} }: ErrorAnswer,
  { html, headers: security }: RenderedPage,
): void {
  res.writeHead(status, {
    ...tokenHeaders,
    ...security,
    ...headers,
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html),
  })
  res.end(html)
}
