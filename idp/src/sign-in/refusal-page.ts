import type { IncomingMessage } from 'node:http'
import type { PageExchange } from '../oidc/pages.ts'
import { brandOf, frameOf } from './brand.ts'
import { html } from './html/html.ts'
import type { Brand, Frame } from './look/frame.ts'
import { factList } from './look/notes.ts'
import { noticePage } from './pages/card.ts'
import { sendPage } from './send.ts'

export type RefusalKind = 'gone' | 'cookies' | 'foreign' | 'notFound' | 'method' | 'form' | 'failed'

const statuses: Readonly<Record<RefusalKind, number>> = {
  gone: 410,
  cookies: 400,
  foreign: 403,
  notFound: 404,
  method: 405,
  form: 400,
  failed: 500,
}

export interface RefusalDetails {
  /** Instead of the kind's own. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Refuses a request to a page with one that says why, and what to do. */
export function refusePage(exchange: PageExchange, kind: RefusalKind, details: RefusalDetails = {}): void {
  const { req, res, opened, requestId } = exchange
  const brand = brandOf(opened)
  const frame = frameOf(brand, { acceptLanguage: req.headers['accept-language'] })
  const { wording } = frame
  const id = factList([{ term: wording.say('error.requestId'), detail: html`<code>${requestId}</code>` }])
  sendPage(res, {
    brand,
    hasForm: false,
    status: details.status ?? statuses[kind],
    html: noticePage(frame, wording.say(`refusal.${kind}`), html`<p>${textOf(frame, kind)}</p>${id}`),
    headers: { ...details.headers, ...leave(req) },
  })
}

function textOf({ wording, brand }: Frame & { readonly brand: Brand }, kind: RefusalKind): string {
  if (kind === 'cookies') return wording.say('refusal.cookiesText', { host: brand.host })
  if (kind === 'failed') return wording.say('refusal.failedText', { pool: brand.name })
  return wording.say(`refusal.${kind}Text`)
}

/** A body that was not read would be taken for the next request. */
function leave(req: IncomingMessage): Readonly<Record<string, string>> {
  return req.complete || req.method === 'GET' || req.method === 'HEAD' ? {} : { connection: 'close' }
}
