import type { Access } from './access.ts'
import { newJti } from './jti.ts'
import type { Signer } from './signer.ts'

export interface AccessTokenFacts {
  readonly issuer: string
  readonly clientId: string
  readonly access: Access
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * Makes a signed access token (RFC 9068 §2): `typ: at+jwt`, one audience, and the client as its own subject. Claims
 * and their order are those of oidc-provider, whose tokens must not differ from these in anything but their values.
 */
export function makeAccessToken(signer: Signer, facts: AccessTokenFacts): string | Promise<string> {
  const input = `${headerOf(signer)}.${encode(claimsOf(facts))}`
  const signature = signer.sign(Buffer.from(input))
  return signature instanceof Promise ? signature.then((bytes) => join(input, bytes)) : join(input, signature)
}

function claimsOf({ issuer, clientId, access, now }: AccessTokenFacts): Record<string, unknown> {
  const issuedAt = Math.floor(now / 1000)
  return {
    jti: newJti(),
    sub: clientId,
    iat: issuedAt,
    exp: issuedAt + access.ttl,
    scope: access.scopes.length === 0 ? undefined : access.scopes.join(' '),
    client_id: clientId,
    iss: issuer,
    aud: access.audience,
  }
}

const headers = new WeakMap<Signer, string>()

function headerOf(signer: Signer): string {
  const known = headers.get(signer)
  if (known !== undefined) return known
  const header = encode({ alg: signer.alg, typ: 'at+jwt', kid: signer.kid })
  headers.set(signer, header)
  return header
}

function encode(value: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function join(input: string, signature: Buffer): string {
  return `${input}.${signature.toString('base64url')}`
}
