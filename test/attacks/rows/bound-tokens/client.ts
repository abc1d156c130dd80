import { createHash } from 'node:crypto'
import type { DpopOptions, ResourceServerOptions } from '@postern/resource-server'
import { createDpopKey, type DpopKey, type ProofChanges } from '@postern/resource-server/testing'
import { type Fixture, type Issuers, resource, type SetUp } from '../../fixture.ts'
import type { Attack } from '../../hosts.ts'
import type { AttackRow, Row } from '../../row.ts'

export function dpop(more: Partial<DpopOptions> = {}, options: Partial<ResourceServerOptions> = {}): SetUp {
  const isRequired = more.mode === 'required'
  return {
    options: { dpop: { mode: 'allowed', ...more }, ...options },
    schemes: isRequired ? ['DPoP'] : ['Bearer', 'DPoP'],
  }
}

export const allowed = dpop()
export const required = dpop({ mode: 'required' })

export interface Bound {
  readonly key: DpopKey
  readonly token: string
  /** A request with the token and a new proof. */
  send(changes?: ProofChanges, more?: Attack): Attack
}

/** A client with a key, and a token that is bound to it. */
export function client({ issuer, clock }: Issuers, claims: object = {}, algorithm: 'ES256' | 'RS256' = 'ES256'): Bound {
  const key = createDpopKey({ clock, algorithm })
  const token = issuer.mint({ cnf: { jkt: key.thumbprint }, ...claims })
  return { key, token, send: (changes, more) => sendBound(key, token, changes, more) }
}

export function sendBound(key: DpopKey, token: string, changes: ProofChanges = {}, more: Attack = {}): Attack {
  const proof = key.prove(
    { url: resource, token, ...(more.method === undefined ? {} : { method: more.method }) },
    changes,
  )
  return { ...more, headers: { ...more.headers, authorization: `DPoP ${token}`, dpop: proof } }
}

/** A row about a proof that differs from a good one in this. */
export function proof(
  id: string,
  what: string,
  expect: AttackRow['expect'],
  change: (fixture: Fixture) => ProofChanges,
  more: Attack = {},
): Row {
  return { id, what, setUp: allowed, attack: (fixture) => client(fixture).send(change(fixture), more), expect }
}

export function wrongHeader(id: string, what: string, header: Record<string, unknown>): Row {
  return proof(id, what, 'DP', () => ({ header }))
}

export function wrongClaim(id: string, what: string, claims: Record<string, unknown>): Row {
  return proof(id, what, 'DP', () => ({ claims }))
}

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('base64url')

/** Of a key that nobody has. */
export const thumbprint = sha256('somebody else')

export const certificate = new Uint8Array([0x30, 0x03, 0x02, 0x01, 0x01])
export const certificateHash = sha256(certificate)
