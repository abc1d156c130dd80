import { type Route, refusing } from '@postern/server'
import type { Catalog } from '../catalog/types.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { serviceRoutes } from './services.ts'

export interface ManagementOptions {
  readonly catalog: Catalog
  /** Public origin of the gateway. */
  readonly gatewayUrl: string
}

/** The management API of the gateway: validate, call the catalogue, answer. */
export function managementRoutes({ catalog, gatewayUrl }: ManagementOptions): Route[] {
  return [...serviceRoutes(catalog, gatewayUrl), ...apiKeyRoutes(catalog)].map((one) => refusing(one))
}
