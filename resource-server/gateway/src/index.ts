export type { Catalog } from './catalog/types.ts'
export { createGatewayServer, type GatewayServer, type GatewayServerOptions } from './server.ts'
export { version } from './version.ts'
