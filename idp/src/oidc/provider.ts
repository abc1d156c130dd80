import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '@postern/core'
import type { Logger, Sealer, Store } from '@postern/server'
import type Koa from 'koa'
import Provider, { type Adapter, type KoaContextWithOIDC } from 'oidc-provider'

import type { Directory } from '../directory/types.ts'
import { limits } from '../limits.ts'
import type { IdpDatabase } from '../schema.ts'
import { createAdapter } from './adapter.ts'
import type { Clients } from './clients.ts'
import { configurationOf } from './configuration.ts'
import type { Decisions } from './decisions.ts'
import { publish } from './discovery.ts'
import { exchangeOf } from './exchange.ts'
import { knownResource, resourceAnswers } from './grants.ts'
import { createLibraryClients, type LibraryClients } from './library-clients.ts'
import { reasonOf } from './library-errors.ts'
import type { OpenPool } from './open-pools.ts'
import { basicChallenge } from './respond.ts'
import { isFirstUse } from './single-use.ts'

export interface ProviderOptions {
  readonly store: Store<IdpDatabase>
  readonly directory: Directory
  readonly clients: Clients
  readonly decisions: Decisions
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Logger
  /** Public origin of the provider. */
  readonly publicUrl: string
  readonly cookieKey: string
  /** Gets JWK sets of clients. */
  readonly fetch: typeof fetch
}

/** Answers a request whose exchange was noted, whose `baseUrl` is the issuer's path and whose `url` is what follows it. */
export type ProviderHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/** Makes the instance of oidc-provider for one pool; 0.4 ms. */
export function createProvider(options: ProviderOptions, opened: OpenPool): ProviderHandler {
  const libraryClients = createLibraryClients(options)
  const provider = new Provider(
    opened.issuer,
    configurationOf({
      opened,
      adapter: (model) => adapterFor(options, opened.pool.id, model, libraryClients),
      resources: resourceAnswers(libraryClients.recordOf),
      cookieKey: options.cookieKey,
      fetch: options.fetch,
    }),
  )
  libraryClients.install(provider)
  provider.ReplayDetection.unique = (issuer, jti, expiresAt) =>
    isFirstUse(options.store, opened.pool.id, issuer, jti, expiresAt)
  pinOrigin(provider, options.publicUrl)
  provider.use(challengeAndFloor)
  provider.use(publish)
  watch(provider, options)
  return provider.callback()
}

function adapterFor(options: ProviderOptions, poolId: string, model: string, clients: LibraryClients): Adapter {
  const adapter = createAdapter({ ...options, poolId, model })
  return model === 'Client' ? { ...adapter, find: clients.metadata } : adapter
}

/** The library makes URLs from what Koa knows of the request. Koa gets to know the configured origin and nothing else. */
function pinOrigin(provider: Provider, publicUrl: string): void {
  const { host, hostname, protocol, origin } = new URL(publicUrl)
  const pinned = { host, hostname, protocol: protocol.slice(0, -1), origin, secure: protocol === 'https:' }
  for (const [name, value] of Object.entries(pinned)) Object.defineProperty(provider.request, name, { value })
}

/** Every 401 challenges (RFC 9110 §15.5.2), and none comes faster than the others. */
async function challengeAndFloor(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next()
  if (ctx.status !== 401) return
  const { opened, startedAt } = exchangeOf(ctx.req)
  if (!ctx.response.get('www-authenticate')) ctx.set('www-authenticate', basicChallenge(opened.issuer))
  await delay(Math.max(0, startedAt + limits.refusalFloorMs - performance.now()))
}

function watch(provider: Provider, { decisions, log }: ProviderOptions): void {
  provider.on('grant.success', (ctx) => {
    const { access_token: accessToken } = ctx.body as { access_token: string }
    const { ClientCredentials: token, Client: client } = ctx.oidc.entities
    if (client === undefined) return
    decisions.issued(exchangeOf(ctx.req), {
      clientId: client.clientId,
      resource: typeof token?.aud === 'string' ? token.aud : undefined,
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
  provider.on('grant.error', refused)
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
