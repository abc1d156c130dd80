export type { Directory } from './directory/types.ts'
export { createIdpServer, type IdpServer, type IdpServerOptions } from './server.ts'
export { version } from './version.ts'
