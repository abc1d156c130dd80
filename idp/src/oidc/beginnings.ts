import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { errors } from 'oidc-provider'
import { poolPaths } from '../directory/urls.ts'
import type { Decisions } from './decisions.ts'
import { exchangeOf } from './exchange.ts'
import { sendPage } from './page-answers.ts'
import type { Pages } from './pages.ts'
import type { Rate } from './registration/rate.ts'

const code = 'temporarily_unavailable'

/**
 * Counts a sign-in that begins, right before its row is made: anybody can begin one by a link, or as a device that is a
 * public client, and has to prove nothing. What goes on with one that has begun is not counted, so that nobody is stopped
 * half-way by others at the same address.
 *
 * @throws 429 with Retry-After where an address has begun too many; it is told to whoever asks, and not to the client
 */
export function countBeginning(beginnings: Rate, ctx: KoaContextWithOIDC): void {
  if (ctx.oidc.entities.Interaction !== undefined) return
  const seconds = secondsToWait(beginnings, ctx)
  if (seconds === undefined) return
  ctx.set('retry-after', String(seconds))
  const error = new errors.CustomOIDCProviderError(code, tooMany(seconds))
  throw Object.assign(error, { status: 429, statusCode: 429, allow_redirect: false })
}

export interface BeginningsOptions {
  readonly beginnings: Rate
  readonly pages: Pages
  readonly decisions: Pick<Decisions, 'refused'>
}

const formPaths: ReadonlySet<string> = new Set([poolPaths.device, poolPaths.endSession])

/** Counts the forms that anybody may look at, in the same way: each makes a session, for the token in it. */
export function boundForms(provider: Provider, { beginnings, pages, decisions }: BeginningsOptions) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    if (ctx.method === 'POST' || !formPaths.has(ctx.path)) return await next()
    const session = await provider.Session.get(provider.createContext(ctx.req, ctx.res))
    const seconds = session.exp === undefined ? secondsToWait(beginnings, ctx) : undefined
    if (seconds === undefined) return await next()
    const exchange = exchangeOf(ctx.req)
    decisions.refused(exchange, { reason: 'throttled', status: 429 })
    const { opened, requestId } = exchange
    const acceptLanguage = ctx.get('accept-language') || undefined
    ctx.status = 429
    ctx.set('retry-after', String(seconds))
    ctx.set('cache-control', 'no-store')
    const facts = { error: code, description: tooMany(seconds) }
    if (ctx.accepts('json', 'html') === 'html') {
      sendPage(ctx, pages.error({ opened, requestId, acceptLanguage, ...facts }))
    } else ctx.body = { error: facts.error, error_description: facts.description }
  }
}

function secondsToWait(beginnings: Rate, ctx: KoaContextWithOIDC): number | undefined {
  const { opened, address } = exchangeOf(ctx.req)
  const wait = beginnings.take(opened.pool.id, address)
  return wait === undefined ? undefined : Math.ceil(wait / 1000)
}

function tooMany(seconds: number): string {
  return `too many sign-ins were begun from this address; try again in ${seconds} s`
}
