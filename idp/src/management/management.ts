import { type Route, refusing } from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { clientRoutes } from './clients.ts'
import { groupRoutes } from './groups.ts'
import { keyRoutes } from './keys.ts'
import { outboxRoutes } from './outbox.ts'
import { poolRoutes } from './pools.ts'
import { answerRefusal } from './refusals.ts'
import { resourceRoutes } from './resources.ts'
import { secretRoutes } from './secrets.ts'
import { type Mint, tokenRoutes } from './tokens.ts'
import { userRoutes } from './users.ts'

export interface ManagementOptions {
  readonly directory: Directory
  readonly settings: { readonly mode: 'development' | 'production'; readonly idpUrl: string }
  /** Mints a token for a client (the OpenID face); called in development only. */
  readonly mint: Mint
}

/** The management API of the identity provider: validate, call the directory, answer. */
export function managementRoutes({ directory, settings, mint }: ManagementOptions): Route[] {
  const routes = [
    ...poolRoutes({ directory, settings }),
    ...clientRoutes(directory),
    ...secretRoutes(directory),
    ...resourceRoutes(directory),
    ...keyRoutes(directory),
    ...userRoutes(directory),
    ...groupRoutes(directory),
    ...outboxRoutes({ directory, mode: settings.mode }),
    ...tokenRoutes({ directory, mode: settings.mode, mint }),
  ]
  return routes.map((one) => refusing(one, answerRefusal))
}
