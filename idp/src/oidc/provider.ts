import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, EventSink } from '@postern/core'
import type { Logger, Mode, Sealer, Store } from '@postern/server'
import Provider, { type Adapter, type KoaContextWithOIDC } from 'oidc-provider'

import type { Directory } from '../directory/types.ts'
import { limits } from '../limits.ts'
import type { IdpDatabase } from '../schema.ts'
import { createAdapter } from './adapter.ts'
import { createApprover } from './approver.ts'
import { boundForms } from './beginnings.ts'
import type { Clients } from './clients.ts'
import { configurationOf } from './configuration.ts'
import type { Decisions } from './decisions.ts'
import { presetUserCode } from './device-flow.ts'
import { publish } from './discovery.ts'
import { exchangeOf } from './exchange.ts'
import type { Interactions } from './interactions.ts'
import { createLibraryClients, type LibraryClients } from './library-clients.ts'
import { leaveForm, skipEmptyLogout } from './logout.ts'
import type { OpenPool } from './open-pools.ts'
import type { Pages } from './pages.ts'
import { createPoolInteractions } from './pool-interactions.ts'
import type { Rate } from './registration/rate.ts'
import { renewRegistrations } from './registration/renewal.ts'
import { basicChallenge } from './respond.ts'
import { endingGrants } from './revocation/ending-grants.ts'
import type { Revocations } from './revocation/revocations.ts'
import { structuredTokens } from './revocation/structured-tokens.ts'
import { isFirstUse } from './single-use.ts'
import type { Throttle } from './throttle.ts'
import { tidyToken } from './tidy-token.ts'
import { guardUserCodes } from './user-code-guard.ts'
import { watch } from './watch.ts'

export interface ProviderOptions {
  readonly store: Store<IdpDatabase>
  readonly directory: Directory
  readonly clients: Clients
  readonly decisions: Decisions
  readonly revocations: Revocations
  readonly pages: Pages
  /** Counts wrong user codes. */
  readonly userCodes: Throttle
  /** Counts sign-ins that begin. */
  readonly beginnings: Rate
  /** Approvals without a person are for development. */
  readonly mode: Mode
  readonly record: EventSink
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Logger
  /** Public origin of the provider. */
  readonly publicUrl: string
  readonly cookieKey: string
  /** Makes the tokens that forms carry. */
  readonly csrfKey: string
  /** Gets JWK sets of clients. */
  readonly fetch: typeof fetch
  /** Gets those of clients that nobody vouches for. */
  readonly foreignFetch: typeof fetch
}

/** Answers a request whose exchange was noted, whose `baseUrl` is the issuer's path and whose `url` is what follows it. */
export type ProviderHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/** One pool's instance of oidc-provider. */
export interface PoolProvider {
  readonly handle: ProviderHandler
  readonly interactions: Interactions
}

/** Makes the instance of oidc-provider for one pool; 0.4 ms. */
export function createProvider(options: ProviderOptions, opened: OpenPool): PoolProvider {
  const libraryClients = createLibraryClients(options)
  const tokens = options.revocations.tokens(libraryClients.recordOf)
  const provider = new Provider(
    opened.issuer,
    configurationOf({
      ...options,
      opened,
      tokens: tokens.policies,
      adapter: (model) => adapterFor(options, opened, model, libraryClients),
      clientOf: libraryClients.recordOf,
    }),
  )
  libraryClients.install(provider)
  provider.ReplayDetection.unique = (issuer, jti, expiresAt) =>
    isFirstUse(options.store, opened.pool.id, issuer, jti, expiresAt)
  pinOrigin(provider, options.publicUrl)
  provider.use(challengeAndFloor)
  provider.use(publish)
  provider.use(guardUserCodes(options))
  provider.use(boundForms(provider, options))
  provider.use(presetUserCode)
  provider.use(skipEmptyLogout)
  provider.use(leaveForm(options.pages))
  provider.use(tidyToken)
  provider.use(structuredTokens(tokens))
  provider.use(renewRegistrations(options.directory.registrations, libraryClients.recordOf))
  provider.use(createApprover(options))
  watch(provider, options)
  return { handle: provider.callback(), interactions: createPoolInteractions({ ...options, provider }) }
}

function adapterFor(options: ProviderOptions, { pool }: OpenPool, model: string, clients: LibraryClients): Adapter {
  const { id: poolId, refreshTokenGrace } = pool
  const adapter = createAdapter({ ...options, poolId, model, refreshTokenGrace })
  if (model === 'Client') return { ...adapter, find: clients.metadata }
  return model === 'Grant' ? endingGrants(adapter, options.revocations, poolId) : adapter
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
