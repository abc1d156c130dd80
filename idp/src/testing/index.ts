export type { SignedInTokens, SignInRequest } from './code-grant.ts'
export type { Credentials } from './person.ts'
export { type Idp, type StartIdpOptions, startIdp } from './start-idp.ts'
export type { PoolSettings, TestClient, TestPool, TestUser, TokenRequest } from './test-pool.ts'
