/**
 * For tests of servers that accept tokens: an issuer, tokens that are wrong in one way each, and what a refusal must look
 * like. Runs on Node.
 */
export { parseChallenges } from '@postern/core'
export { type BrokenTokenKind, brokenToken, brokenTokenKinds, describeBrokenToken } from './broken-token.ts'
export { createCertificate, type TestCertificate } from './certificate.ts'
export { createDpopKey, type DpopKey, type ProofChanges, type ProofTarget } from './dpop-key.ts'
export {
  type ExpectedRefusal,
  expectChallenge,
  expectChallenges,
  expectRefusal,
  type RefusalCode,
  type SeenResponse,
  seen,
} from './expect.ts'
export type { IntrospectionRequest } from './fake-introspection.ts'
export {
  createFakeIssuer,
  type Endpoint,
  type FakeIssuer,
  type FakeIssuerOptions,
  type Fault,
  type MintOptions,
  type TokenSource,
} from './fake-issuer.ts'
export { createSigningKey, type SigningKey, signBytes } from './signing.ts'
