import type { EventSink, Reason } from '@postern/core'
import type { Logger } from '@postern/server'
import type Koa from 'koa'
import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Decisions } from './decisions.ts'
import { exchangeOf } from './exchange.ts'
import { knownResource } from './grants.ts'
import { reasonOf } from './library-errors.ts'

export interface WatchOptions {
  readonly decisions: Decisions
  readonly record: EventSink
  readonly log: Logger
}

/** Makes events of what an instance of oidc-provider decides. */
export function watch(provider: Provider, { decisions, record, log }: WatchOptions): void {
  provider.on('grant.success', (ctx) => {
    const { access_token: accessToken } = ctx.body as { access_token: string }
    const { ClientCredentials: ofMachine, AccessToken: ofPerson, Client: client } = ctx.oidc.entities
    if (client === undefined) return
    const token = ofPerson ?? ofMachine
    decisions.issued(exchangeOf(ctx.req), {
      clientId: client.clientId,
      resource: typeof token?.aud === 'string' ? token.aud : undefined,
      subject: ofPerson?.accountId,
      accessToken,
    })
  })
  const refused = (ctx: KoaContextWithOIDC, error: Parameters<typeof reasonOf>[0]): void => {
    decisions.refused(exchangeOf(ctx.req), {
      reason: reasonOf(error),
      status: ctx.status,
      clientId: ctx.oidc.entities.Client?.clientId,
      resource: knownResource(ctx),
    })
  }
  provider.on('grant.error', (ctx, error) => {
    // A device that asks again and again is not refused each time: nothing has been decided.
    if (error.error !== 'authorization_pending') refused(ctx, error)
  })
  // What is wrong with a token is told to nobody; who asks is another matter.
  const unauthenticated: typeof refused = (ctx, error) => {
    if (ctx.status === 401) refused(ctx, error)
  }
  provider.on('introspection.error', unauthenticated)
  provider.on('revocation.error', unauthenticated)
  provider.on('device_authorization.error', refused)
  provider.on('userinfo.error', (ctx, error) => {
    const { opened, requestId } = exchangeOf(ctx.req)
    record({
      kind: 'access.refused',
      outcome: 'refused',
      reason: userinfoReasons[error.error] ?? 'invalid_request',
      status: ctx.status,
      poolId: opened.pool.id,
      ...(requestId === undefined ? {} : { requestId }),
    })
  })
  // Where it is answered, by a page or a redirect, is decided after this.
  provider.on('authorization.error', (ctx, error) => ctx.res.once('close', () => refused(ctx, error)))
  provider.on('server_error', (ctx, error) => {
    log.error({ err: error, poolId: exchangeOf(ctx.req).opened.pool.id, route: ctx.oidc.route }, 'oidc-provider failed')
    decisions.refused(exchangeOf(ctx.req), { reason: 'internal', status: ctx.status })
  })
  // Koa prints to stderr what nobody listens for: a caller that hung up, mostly.
  const koa: Koa = provider
  koa.on('error', (error: unknown) => log.debug({ err: error }, 'a request to the provider broke off'))
}

const userinfoReasons: Readonly<Record<string, Reason>> = {
  invalid_token: 'inactive',
  insufficient_scope: 'insufficient_scope',
}
