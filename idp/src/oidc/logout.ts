import type { KoaContextWithOIDC } from 'oidc-provider'
import type { HotClient } from '../directory/types.ts'
import { exchangeOf } from './exchange.ts'
import { clientFacts } from './interaction-facts.ts'
import type { LibraryClient } from './library-clients.ts'
import { pageFacts, sendPage, xsrfOf } from './page-answers.ts'
import type { Pages } from './pages.ts'

export interface LogoutOptions {
  readonly pages: Pages
  /** Our record of a client of the library. */
  readonly clientOf: (client: LibraryClient) => HotClient
}

/** Sign-out that a client asks for (OpenID Connect RP-Initiated Logout), with pages of the house. */
export function rpInitiatedLogout({ pages, clientOf }: LogoutOptions) {
  const facts = (ctx: KoaContextWithOIDC) => {
    const { client } = ctx.oidc
    return { ...pageFacts(ctx), client: client && clientFacts(clientOf(client), undefined) }
  }
  return {
    enabled: true,
    logoutSource(ctx: KoaContextWithOIDC) {
      const action = ctx.oidc.urlFor('end_session_confirm')
      const uri = ctx.oidc.session?.state?.['postLogoutRedirectUri']
      const returnsToClient = typeof uri === 'string'
      sendPage(ctx, pages.logout({ ...facts(ctx), action, xsrf: xsrfOf(ctx), returnsToClient }))
    },
    postLogoutSuccessSource: (ctx: KoaContextWithOIDC) => sendPage(ctx, pages.loggedOut(facts(ctx))),
  } as const
}

/**
 * Where nobody is signed in there is nobody to ask: the browser goes on at once. Left to itself the library sends a
 * page that posts itself with a script.
 */
export async function skipEmptyLogout(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next()
  if (ctx['routerName'] !== 'end_session' || ctx.status !== 200) return
  const { session } = ctx.oidc
  if (session === undefined || session.accountId !== undefined) return
  const { postLogoutRedirectUri: uri, state } = session.state ?? {}
  const target = new URL(typeof uri === 'string' ? uri : ctx.oidc.urlFor('end_session_success'))
  if (typeof uri === 'string' && typeof state === 'string') target.searchParams.set('state', state)
  ctx.body = null
  ctx.status = 303
  ctx.redirect(target.href)
}

/**
 * The answer to the form leads to a client, and from there perhaps anywhere: a page goes on to it, for Chromium holds all
 * redirects after a form against the form-action of the page with the form.
 */
export function leaveForm(pages: Pages) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    const to = ctx.response.get('location')
    if (ctx['routerName'] !== 'end_session_confirm' || ctx.status !== 303) return
    if (to.startsWith(`${exchangeOf(ctx.req).opened.issuer}/`)) return
    ctx.remove('location')
    ctx.status = 200
    sendPage(ctx, pages.goOn({ ...pageFacts(ctx), to: new URL(to).href }))
  }
}
