import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createResourceServer } from '@postern/resource-server'
import { brokenToken } from '@postern/resource-server/testing'
import { resource } from '../fixture.ts'
import type { Row } from '../row.ts'

const revoked = new Set<string>()
const n = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')

/** The other signature of ECDSA: with −S instead of S it verifies just as well. */
function malleate(token: string): string {
  const [header, payload, signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const other = Buffer.from((n - s).toString(16).padStart(64, '0'), 'hex')
  return `${header}.${payload}.${Buffer.concat([bytes.subarray(0, 32), other]).toString('base64url')}`
}

/** K (what the kit's gate itself decides) and L. Errors, revocation, cache. */
export const errorsAndCache: readonly Row[] = [
  {
    id: 'K14',
    what: 'CORS: any origin, never with credentials, and the challenge can be read',
    async play({ issuer, send }) {
      for (const authorization of ['', `Bearer ${issuer.mint()}`]) {
        const { headers } = await send({ headers: { origin: 'https://evil.example', authorization } })
        assert.ok(headers['access-control-allow-origin'] === '*' || Object.keys(headers).length === 0)
        assert.equal(headers['access-control-allow-credentials'], undefined)
      }
      const { headers } = await send({ headers: { origin: 'null' } })
      for (const name of ['WWW-Authenticate', 'Mcp-Session-Id', 'DPoP-Nonce']) {
        assert.ok(headers['access-control-expose-headers']?.split(', ').includes(name), name)
      }
    },
  },
  {
    id: 'K15',
    what: 'an initialize without a token',
    attack: () => ({
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }),
    }),
    expect: 'C0',
  },
  {
    id: 'K20',
    what: 'auth in the body',
    attack: () => ({
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { subject: 'admin' } }),
    }),
    expect: 'C0',
  },
  {
    id: 'L1',
    what: 'a message that would add parameters to the challenge',
    setUp: {
      options: {
        verify: () => {
          throw Object.assign(new Error('x", resource_metadata="https://evil.example\r\nX: y'), {
            code: 'invalid_token',
          })
        },
      },
    },
    async play({ expect }) {
      const answer = await expect('IT', 'opaque')
      assert.ok(!JSON.stringify(answer).includes('evil'))
    },
  },
  {
    id: 'L3',
    what: 'an answer says nothing of what was expected or found',
    async play({ issuer, expect }) {
      const answer = await expect('IT', brokenToken(issuer, 'aud-other'))
      for (const hint of ['aud', 'other.example', 'expected', issuer.issuer])
        assert.ok(!answer.body.includes(hint), hint)
    },
  },
  {
    id: 'L7',
    what: 'a revoked token, in another encoding of its signature too',
    setUp: {
      options: { isRevoked: ({ signingInputHash }) => revoked.has(signingInputHash), onEvent: () => undefined },
    },
    async play({ issuer, send }) {
      const token = issuer.mint()
      assert.equal((await send(malleate(token))).status, 200, 'the other signature is one')
      const input = token.slice(0, token.lastIndexOf('.'))
      revoked.add(createHash('sha256').update(input).digest('base64url'))
      assert.equal((await send(token)).status, 401)
      assert.equal((await send(malleate(token))).status, 401)
    },
  },
  {
    id: 'L8',
    what: 'a remembered token ends with exp',
    setUp: {},
    async play({ issuer, expect, clock }) {
      const token = issuer.mint({ exp: clock.now() / 1000 + 60 })
      await expect('OK', token)
      clock.advance(59_999)
      await expect('OK', token)
      clock.advance(5001)
      await expect('IT', token)
    },
  },
  {
    id: 'L8',
    what: 'a remembered token counts for one resource server only',
    setUp: {},
    async play({ issuer, expect }) {
      const token = issuer.mint({ aud: [resource] })
      await expect('OK', token)
      const other = createResourceServer({
        resource: 'https://mcp.example/other',
        issuers: [{ issuer: issuer.issuer }],
      })
      const answer = await other.authenticate(
        new Request(other.resource, { headers: { authorization: `Bearer ${token}` } }),
      )
      assert.ok(answer instanceof Response && answer.status === 401)
      other.close()
    },
  },
  {
    id: 'L10',
    what: 'a bad signature and a bad claim get the same answer',
    async play({ issuer, send }) {
      const kinds = [
        'signed-by-stranger',
        'expired',
        'aud-other',
        'kid-unknown',
        'alg-none',
        'iss-other',
        'not-a-jwt',
        'bound-to-key',
      ] as const
      const answers = await Promise.all(kinds.map((kind) => send(brokenToken(issuer, kind))))
      for (const { status, headers, body } of answers) {
        assert.deepEqual(
          [status, headers['www-authenticate'], body],
          [answers[0]?.status, answers[0]?.headers['www-authenticate'], answers[0]?.body],
        )
      }
    },
  },
]
