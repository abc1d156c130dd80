import { randomBytes } from 'node:crypto'
import type { FakeIssuer } from '@postern/resource-server/testing'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const random = (bytes: number): string => randomBytes(bytes).toString('base64url')

/** Gives another bad token at each call: one in eight costs a verification, the others fail before it. */
export function badTokens(issuer: FakeIssuer): () => string {
  const [header = '', payload = ''] = issuer.mint().split('.')
  const kinds = [
    () => `${header}.${payload}.${random(64)}`,
    unknownKeys(issuer),
    () => `${header}.${encode(issuer.claims({ iss: `https://${random(9)}.example` }))}.${random(64)}`,
    () => `${header}.${Buffer.from(`{"sub":"${random(9)}"`).toString('base64url')}.${random(64)}`,
    () => `${header}.${payload}.${random(63)}=`,
    () => random(300),
    () => `${random(30)}.${random(200)}.${random(64)}`,
    () => `${header}.${encode({ jti: random(16) })}.${random(64)}`,
  ]
  let at = 0
  return () => {
    at = (at + 1) % kinds.length
    return kinds[at]?.() ?? ''
  }
}

/** Gives a token with another key id at each call. */
export function unknownKeys(issuer: FakeIssuer): () => string {
  const [, payload = ''] = issuer.mint().split('.')
  return () => `${encode({ alg: 'ES256', typ: 'at+jwt', kid: random(32) })}.${payload}.${random(64)}`
}
