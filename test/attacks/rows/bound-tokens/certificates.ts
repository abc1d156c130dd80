import assert from 'node:assert/strict'
import type { ResourceServerOptions } from '@postern/resource-server'
import { createDpopKey } from '@postern/resource-server/testing'
import { bearer } from '../../fixture.ts'
import type { Row } from '../../row.ts'
import { allowed, certificate, certificateHash, dpop, sendBound, thumbprint } from './client.ts'

function withCertificate(id: string, what: string, found: () => unknown, expect: 'OK' | 'IT' | 'SE'): Row {
  // What a callback without types might answer.
  const mtls = { certificate: found } as NonNullable<ResourceServerOptions['mtls']>
  return {
    id,
    what,
    setUp: { options: { mtls } },
    attack: ({ issuer }) => issuer.mint({ cnf: { 'x5t#S256': certificateHash } }),
    expect,
  }
}

/** H25: tokens that are bound to a certificate (RFC 8705), alone and beside a key. */
export const certificates: readonly Row[] = [
  withCertificate('H25', 'the certificate', () => certificate, 'OK'),
  withCertificate('H25', 'the certificate, later', async () => certificate, 'OK'),
  withCertificate('H25', 'its thumbprint', () => certificateHash, 'OK'),
  withCertificate('H25', 'no certificate', () => undefined, 'IT'),
  withCertificate('H25', 'another certificate', () => new Uint8Array([0x30, 0x00]), 'IT'),
  withCertificate('H25', 'another thumbprint', () => thumbprint, 'IT'),
  withCertificate('H25', 'what is no certificate', () => '-----BEGIN CERTIFICATE-----', 'SE'),
  withCertificate('H25', 'a callback that throws', thrown, 'SE'),
  {
    id: 'H25',
    what: 'headers with a certificate, which anybody can send',
    setUp: { options: { mtls: {} } },
    async play({ issuer, expect }) {
      const token = issuer.mint({ cnf: { 'x5t#S256': certificateHash } })
      const value = Buffer.from(certificate).toString('base64')
      for (const name of ['x-client-cert', 'x-ssl-cert', 'x-forwarded-client-cert', 'ssl-client-cert', 'client-cert']) {
        await expect('IT', bearer(token, { headers: { [name]: name === 'client-cert' ? `:${value}:` : value } }))
      }
    },
  },
  ...(['allowed', 'required'] as const).map(
    (mode): Row => ({
      id: 'H25',
      what: `a certificate does not stand in for a DPoP key, where DPoP is ${mode}`,
      setUp: { ...dpop({ mode }), options: { dpop: { mode }, mtls: { certificate: () => certificateHash } } },
      async play({ issuer, clock, expect }) {
        const token = issuer.mint({ cnf: { 'x5t#S256': certificateHash } })
        await expect(mode === 'allowed' ? 'OK' : 'IT', token)
        await expect('IT', sendBound(createDpopKey({ clock }), token))
      },
    }),
  ),
  {
    id: 'H25',
    what: 'a token that is bound to both needs both',
    setUp: {
      ...allowed,
      options: {
        dpop: { mode: 'allowed' },
        mtls: { certificate: (request) => (request.header('x-has') === 'yes' ? certificateHash : undefined) },
      },
    },
    async play(fixture) {
      const key = createDpopKey({ clock: fixture.clock })
      const token = fixture.issuer.mint({ cnf: { jkt: key.thumbprint, 'x5t#S256': certificateHash } })
      const headers = { 'x-has': 'yes' }
      await fixture.expect('IT', bearer(token, { headers }))
      await fixture.expect('IT', sendBound(key, token))
      await fixture.expect('DP', sendBound(key, token, { claims: { htm: 'GET' } }, { headers }))
      await fixture.expect('OK', sendBound(key, token, {}, { headers }))
      assert.deepEqual(fixture.host.callers.at(-1)?.confirmation, {
        jkt: key.thumbprint,
        'x5t#S256': certificateHash,
      })
    },
  },
]

function thrown(): never {
  throw new Error('hsm://:secret@db')
}
