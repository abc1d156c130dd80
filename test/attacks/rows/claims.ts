import assert from 'node:assert/strict'
import { resource } from '../fixture.ts'
import type { Row } from '../row.ts'

function refusedAudience(aud: string): Row {
  return { id: 'C15', what: `aud is ${aud}`, attack: ({ issuer }) => issuer.mint({ aud }), expect: 'IT' }
}

/** C. Claims (RFC 7519, RFC 9068, RFC 8725 §3.8–3.12). */
export const claims: readonly Row[] = [
  {
    id: 'C2',
    what: 'expired by the tolerance and a second',
    attack: ({ issuer, clock }) => issuer.mint({ iat: clock.now() / 1000 - 60, exp: clock.now() / 1000 - 6 }),
    expect: 'IT',
  },
  {
    id: 'C3',
    what: 'expired within the tolerance',
    attack: ({ issuer, clock }) => issuer.mint({ iat: clock.now() / 1000 - 60, exp: clock.now() / 1000 - 3 }),
    expect: 'OK',
  },
  {
    id: 'C6',
    what: 'a lifetime of ten years where a day is the most',
    setUp: { rules: { maxTokenLifetime: 86_400 } },
    attack: ({ issuer, clock }) => issuer.mint({ exp: clock.now() / 1000 + 315_360_000 }),
    expect: 'IT',
  },
  {
    id: 'C13',
    what: 'aud has ours among others',
    attack: ({ issuer }) => issuer.mint({ aud: ['https://other.example', resource] }),
    expect: 'OK',
  },
  ...[
    `${resource}/`,
    `${resource}/x`,
    'https://mcp.example',
    'https://mcp.example/',
    'https://MCP.EXAMPLE/mcp',
    `${resource}?x`,
    `${resource}#f`,
    'http://mcp.example/mcp',
    'https://mcp.example:443/mcp',
    'https://mcp.example/%6dcp',
    'https://mcp.example/mc',
    'https://mcp.example/mcp2',
  ].map(refusedAudience),
  ...['HTTPS://MCP.example/mcp', 'https://mcp.example:443/mcp'].map(
    (aud): Row => ({
      id: 'C15',
      what: `aud is ${aud}, canonical match`,
      setUp: { rules: { audienceMatch: 'canonical' } },
      attack: ({ issuer }) => issuer.mint({ aud }),
      expect: 'OK',
    }),
  ),
  ...[`${resource}/`, 'https://mcp.example/MCP', 'http://mcp.example/mcp'].map(
    (aud): Row => ({
      id: 'C15',
      what: `aud is ${aud}, canonical match`,
      setUp: { rules: { audienceMatch: 'canonical' } },
      attack: ({ issuer }) => issuer.mint({ aud }),
      expect: 'IT',
    }),
  ),
  {
    id: 'C17',
    what: 'the second of two configured audiences',
    setUp: { rules: { audience: ['api://a', 'api://b'] } },
    attack: ({ issuer }) => issuer.mint({ aud: 'api://b' }),
    expect: 'OK',
  },
  {
    id: 'C18',
    what: 'an issuer that is not configured is not asked',
    async play({ stranger, expect }) {
      await expect('IT', stranger.mint())
      assert.deepEqual(stranger.fetches, { metadata: 0, jwks: 0 })
    },
  },
  {
    id: 'C20',
    what: 'one configured issuer, the key of another',
    setUp: {
      options: ({ issuer, stranger }) => ({ issuers: [{ issuer: issuer.issuer }, { issuer: stranger.issuer }] }),
    },
    async play({ issuer, stranger, expect }) {
      await expect('OK', issuer.mint())
      await expect('OK', stranger.mint())
      await expect('IT', issuer.mint({}, { key: stranger.signingKey() }))
      await expect('IT', issuer.mint({ iss: stranger.issuer }))
    },
  },
  {
    id: 'C21',
    what: 'no sub, where that is allowed',
    setUp: { rules: { allowMissingClaims: ['sub'] } },
    attack: ({ issuer }) => issuer.mint({ sub: undefined }),
    expect: 'OK',
  },
  ...['client_id', 'jti', 'iat'].map(
    (claim): Row => ({
      id: claim === 'client_id' ? 'C22' : 'C24',
      what: `no ${claim}, strict profile`,
      setUp: { rules: { profile: 'rfc9068' } },
      attack: ({ issuer }) => issuer.mint({ [claim]: undefined }),
      expect: 'IT',
    }),
  ),
  {
    id: 'C22',
    what: 'no client_id, where that is allowed',
    setUp: { rules: { allowMissingClaims: ['client_id'] } },
    attack: ({ issuer }) => issuer.mint({ client_id: undefined }),
    expect: 'OK',
  },
  { id: 'C24', what: 'no jti', attack: ({ issuer }) => issuer.mint({ jti: undefined }), expect: 'OK' },
  ...[undefined, 'JWT'].flatMap((typ): Row[] => [
    { id: 'C26', what: `typ is ${typ}`, attack: ({ issuer }) => issuer.mint({}, { header: { typ } }), expect: 'OK' },
    {
      id: 'C26',
      what: `typ is ${typ}, strict profile`,
      setUp: { rules: { profile: 'rfc9068' } },
      attack: ({ issuer }) => issuer.mint({}, { header: { typ } }),
      expect: 'IT',
    },
  ]),
  ...['application/at+jwt', 'AT+JWT'].map(
    (typ): Row => ({
      id: 'C27',
      what: `typ is ${typ}`,
      setUp: { rules: { profile: 'rfc9068' } },
      attack: ({ issuer }) => issuer.mint({}, { header: { typ } }),
      expect: 'OK',
    }),
  ),
  {
    id: 'C30',
    what: 'a client that is not on the list',
    setUp: { rules: { allowedClients: ['somebody'] } },
    attack: ({ issuer }) => issuer.mint(),
    expect: 'PD',
  },
  ...[undefined, 't2', ['t2'], { t1: true }].map(
    (tid): Row => ({
      id: 'C31',
      what: `tenant rule, tid is ${JSON.stringify(tid)}`,
      setUp: { rules: { claims: { tid: 't1' } } },
      attack: ({ issuer }) => issuer.mint({ tid }),
      expect: 'PD',
    }),
  ),
  {
    id: 'C32',
    what: 'the clock is two hours behind, then right',
    setUp: {},
    async play({ clock, issuer, expect }) {
      const token = issuer.mint()
      clock.advance(-7_200_000)
      await expect('IT', token)
      clock.advance(7_200_000)
      await expect('OK', token)
      clock.advance(-7_200_000)
      await expect('IT', token)
    },
  },
  {
    id: 'C32',
    what: 'the same with keys that never grow old',
    setUp: { rules: ({ issuer }) => ({ jwks: { keys: [issuer.signingKey().jwk] } }) },
    async play({ clock, issuer, expect }) {
      const token = issuer.mint()
      await expect('OK', token)
      clock.advance(-7_200_000)
      await expect('IT', token)
    },
  },
  {
    id: 'C35',
    what: 'delegation is accepted and shown',
    async play({ issuer, expect, host }) {
      await expect('OK', issuer.mint({ act: { sub: 'agent', act: { sub: 'tool' } } }))
      const caller = host.callers.at(-1)
      assert.deepEqual(caller?.claims['act'], { sub: 'agent', act: { sub: 'tool' } })
      assert.equal(caller?.actor?.sub, 'agent')
      assert.equal(caller?.actor?.act?.sub, 'tool')
      assert.ok(Object.isFrozen(caller?.actor?.act))
    },
  },
  {
    id: 'C35',
    what: 'delegation refused by a rule',
    setUp: { rules: { claims: { act: (value) => value === undefined } } },
    attack: ({ issuer }) => issuer.mint({ act: { sub: 'agent' } }),
    expect: 'PD',
  },
  {
    id: 'C36',
    what: 'authorization_details that the host has not understood',
    setUp: { rules: { claims: { authorization_details: (value) => value === undefined } } },
    attack: ({ issuer }) => issuer.mint({ authorization_details: [{ type: 'payment' }] }),
    expect: 'PD',
    because:
      'the token is good and another one of the same client would be no better: policy, so 403 and not the 401 of the table',
  },
]
