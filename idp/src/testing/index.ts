export { type Idp, type StartIdpOptions, startIdp } from './start-idp.ts'
export type { PoolSettings, TestClient, TestPool, TokenRequest } from './test-pool.ts'
