import type { GrantType } from '@postern/server'
import { openIdScopes } from '../openid-scopes.ts'

/** What the pool has to offer to a client that nobody vouches for. */
export interface Offer {
  readonly grantTypes: readonly GrantType[]
  readonly scopes: ReadonlySet<string>
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** What a pool offers to clients that registered themselves or have a document. */
export function offerOf(pool: {
  readonly deviceFlowEnabled: boolean
  readonly resources: readonly { readonly scopes: readonly { readonly name: string }[] }[]
}): Offer {
  return {
    grantTypes: ['authorization_code', 'refresh_token', ...(pool.deviceFlowEnabled ? ([deviceGrant] as const) : [])],
    scopes: new Set([
      ...openIdScopes,
      'offline_access',
      ...pool.resources.flatMap(({ scopes }) => scopes.map(({ name }) => name)),
    ]),
  }
}
