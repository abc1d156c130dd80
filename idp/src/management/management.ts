import type { Route } from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { clientRoutes } from './clients.ts'
import { keyRoutes } from './keys.ts'
import { poolRoutes } from './pools.ts'
import { refusing } from './refusals.ts'
import { resourceRoutes } from './resources.ts'
import { secretRoutes } from './secrets.ts'
import { type Mint, tokenRoutes } from './tokens.ts'

export interface ManagementOptions {
  readonly directory: Directory
  readonly settings: { readonly mode: 'development' | 'production'; readonly idpUrl: string }
  /** Mints a token for a client (the OpenID face); called in development only. */
  readonly mint: Mint
}

/** The management API of the identity provider: validate, call the directory, answer. */
export function managementRoutes({ directory, settings, mint }: ManagementOptions): Route[] {
  const routes = [
    ...poolRoutes({ directory, idpUrl: settings.idpUrl }),
    ...clientRoutes(directory),
    ...secretRoutes(directory),
    ...resourceRoutes(directory),
    ...keyRoutes(directory),
    ...tokenRoutes({ directory, mode: settings.mode, mint }),
  ]
  return routes.map(refusing)
}
