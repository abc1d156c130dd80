import type { ServerResponse } from 'node:http'
import { type HeaderFacts, pageHeaders } from './headers.ts'
import { documentOf, type Html } from './html/html.ts'

export interface PageAnswer extends HeaderFacts {
  readonly status: number
  readonly html: Html
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers with a page; it is nobody else's and never kept. */
export function sendPage(res: ServerResponse, { status, html, headers, ...facts }: PageAnswer): void {
  const text = documentOf(html)
  res.writeHead(status, {
    ...pageHeaders(facts),
    ...headers,
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  res.end(text)
}

/** See other (RFC 9110 §15.4.4): what was posted is not posted again. */
export function sendTo(res: ServerResponse, location: string): void {
  res.writeHead(303, { location, 'content-length': '0', 'cache-control': 'no-store' })
  res.end()
}
