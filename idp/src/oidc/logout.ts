import type { KoaContextWithOIDC } from 'oidc-provider'
import type { HotClient } from '../directory/types.ts'
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
      const redirectUri = typeof uri === 'string' ? uri : undefined
      sendPage(ctx, pages.logout({ ...facts(ctx), action, xsrf: xsrfOf(ctx), redirectUri }))
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
