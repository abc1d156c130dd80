import type { KoaContextWithOIDC } from 'oidc-provider'
import { poolPaths } from '../directory/urls.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import { sendPage } from './page-answers.ts'
import type { Pages } from './pages.ts'
import type { Throttle } from './throttle.ts'

export interface UserCodeGuardOptions {
  /** Counts wrong user codes, and nothing else. */
  readonly userCodes: Throttle
  readonly pages: Pages
}

const attemptOf = ({ opened, address }: Exchange) => ({ poolId: opened.pool.id, clientId: 'user-code', address })

/** Notes that a code was typed that no device shows. */
export function countWrongCode(userCodes: Throttle, ctx: KoaContextWithOIDC): void {
  userCodes.failed(attemptOf(exchangeOf(ctx.req)))
}

/** RFC 8628 §5.1: user codes are short, so whoever tries them has to wait. */
export function guardUserCodes({ userCodes, pages }: UserCodeGuardOptions) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    if (ctx.method !== 'POST' || ctx.path !== poolPaths.device) return await next()
    const exchange = exchangeOf(ctx.req)
    const seconds = Math.ceil(userCodes.wait(attemptOf(exchange)) / 1000)
    if (seconds === 0) return await next()
    ctx.status = 429
    ctx.set('retry-after', String(seconds))
    const { opened, requestId } = exchange
    const acceptLanguage = ctx.get('accept-language') || undefined
    const description = `too many wrong codes; try again in ${seconds} s`
    sendPage(ctx, pages.error({ opened, requestId, acceptLanguage, error: 'slow_down', description }))
  }
}
