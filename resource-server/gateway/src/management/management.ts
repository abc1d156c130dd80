import { type Route, refusing } from '@postern/server'
import type { Catalog } from '../catalog/types.ts'
import { accessRoutes, type ListTools } from './access.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { serviceRoutes } from './services.ts'
import { toolsetRoutes } from './toolsets.ts'

export interface ManagementOptions {
  readonly catalog: Catalog
  /** Public origin of the gateway. */
  readonly gatewayUrl: string
  readonly listTools: ListTools
}

/** The management API of the gateway: validate, call the catalogue, answer. */
export function managementRoutes({ catalog, gatewayUrl, listTools }: ManagementOptions): Route[] {
  return [
    ...serviceRoutes(catalog, gatewayUrl),
    ...apiKeyRoutes(catalog, 'services'),
    ...toolsetRoutes(catalog, gatewayUrl),
    ...apiKeyRoutes(catalog, 'toolsets'),
    ...accessRoutes(catalog, listTools),
  ].map((one) => refusing(one))
}
