import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Registrations } from '../../directory/registrations.ts'
import type { HotClient } from '../../directory/types.ts'
import type { LibraryClient } from '../library-clients.ts'

/**
 * Keeps a client that registered itself as long as people use it: a token is issued with their consent, while anybody
 * can send it through the authorization endpoint.
 */
export function renewRegistrations(registrations: Registrations, clientOf: (client: LibraryClient) => HotClient) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next()
    if (ctx['routerName'] !== 'token' || ctx.status !== 200) return
    const { client } = ctx.oidc
    if (client !== undefined) await registrations.used(clientOf(client))
  }
}
