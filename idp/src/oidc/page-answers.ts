import type { KoaContextWithOIDC } from 'oidc-provider'
import { exchangeOf } from './exchange.ts'
import type { PageFacts, RenderedPage } from './pages.ts'

/** What every page has to know of the request that oidc-provider is answering. */
export function pageFacts(ctx: KoaContextWithOIDC): PageFacts {
  const { opened, requestId } = exchangeOf(ctx.req)
  const uiLocales = ctx.oidc.params?.['ui_locales'] ?? ctx.query['ui_locales']
  return {
    opened,
    requestId,
    acceptLanguage: ctx.get('accept-language') || undefined,
    uiLocales: typeof uiLocales === 'string' ? uiLocales : undefined,
  }
}

/** Answers with a page. The status is the library's. */
export function sendPage(ctx: KoaContextWithOIDC, { html, headers }: RenderedPage): void {
  ctx.set('cache-control', 'no-store')
  for (const [name, value] of Object.entries(headers)) ctx.set(name, value)
  ctx.type = 'html'
  ctx.body = html
}

/** The token that forms of the library carry against requests of other sites. */
export function xsrfOf(ctx: KoaContextWithOIDC): string {
  const secret = ctx.oidc.session?.state?.['secret']
  return typeof secret === 'string' ? secret : ''
}
