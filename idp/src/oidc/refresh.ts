import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { HotClient } from '../directory/types.ts'
import { exchangeOf } from './exchange.ts'
import type { LibraryClient } from './library-clients.ts'

/**
 * Refresh tokens: for every client that has the grant type, whatever its scope (asking for `offline_access` is a habit
 * of few MCP clients), a new one at each use, and each as long-lived as client or pool say. The grant behind them is
 * kept alive as long.
 *
 * @param clientOf our record of a client of the library
 */
export function refreshTokens(clientOf: (client: LibraryClient) => HotClient) {
  const issueRefreshToken: Configuration['issueRefreshToken'] = async (ctx, client) => {
    if (!client.grantTypeAllowed('refresh_token')) return false
    await keepGrant(ctx, lifetime(ctx, client))
    return true
  }
  const rotateRefreshToken: Configuration['rotateRefreshToken'] = async (ctx) => {
    const { client } = ctx.oidc
    if (client !== undefined) await keepGrant(ctx, lifetime(ctx, client))
    return true
  }
  return { issueRefreshToken, rotateRefreshToken, lifetime }

  /** Seconds that a refresh token lives. */
  function lifetime(ctx: KoaContextWithOIDC, client: LibraryClient): number {
    return clientOf(client).refreshTokenTtl ?? exchangeOf(ctx.req).opened.pool.refreshTokenTtl
  }
}

const day = 24 * 3600

async function keepGrant({ oidc }: KoaContextWithOIDC, seconds: number): Promise<void> {
  const grant = oidc.entities.Grant
  const needed = Math.floor(Date.now() / 1000) + seconds
  if (grant === undefined || (grant.exp ?? 0) >= needed) return
  // A day more, so that it is not written at each use.
  grant.exp = needed + day
  await grant.save()
}
