import { createDpopKey } from '@postern/resource-server/testing'
import type { Row } from '../../row.ts'
import { allowed, client, dpop, proof, sendBound, sha256, wrongClaim } from './client.ts'

function wrongTarget(htu: unknown): Row {
  return wrongClaim('H11', `htu ${JSON.stringify(htu)?.slice(0, 60)}`, { htu })
}

function goodTarget(htu: string): Row {
  return proof('H11', `htu ${htu}, which is the same`, 'OK', () => ({ claims: { htu } }))
}

/** Seconds from now. */
function madeAt(what: string, seconds: number, expect: 'OK' | 'DP'): Row {
  return proof('H14', what, expect, ({ clock }) => ({ claims: { iat: clock.now() / 1000 + seconds } }))
}

/** H10 to H16: which request, which token, which key and which moment a proof is for. */
export const proofClaims: readonly Row[] = [
  ...['GET', 'post', 'Post', '', null, ['POST'], undefined].map((htm) => wrongClaim('H10', `htm ${htm}`, { htm })),
  ...[
    'https://other.example/mcp',
    'https://mcp.example/other',
    'https://mcp.example/mcp/',
    'https://mcp.example/MCP',
    'https://mcp.example',
    'http://mcp.example/mcp',
    'https://mcp.example:8443/mcp',
    'https://mcp.example/mcp?a=1',
    'https://mcp.example/mcp?',
    'https://mcp.example/mcp#a',
    'https://mcp.example/mcp#',
    'https://mcp.example/x/../mcp',
    'https://mcp.example/%2e/mcp',
    'https://mcp.example\\mcp',
    'https://u:p@mcp.example/mcp',
    'https://mcp.example@evil.example/mcp',
    'https://mcp.example.evil.example/mcp',
    ' https://mcp.example/mcp',
    'https://mcp.example/mc\np',
    '//mcp.example/mcp',
    '/mcp',
    '',
    'https://',
    `https://mcp.example/${'a'.repeat(3000)}`,
    null,
    ['https://mcp.example/mcp'],
    undefined,
  ].map(wrongTarget),
  ...['HTTPS://MCP.example/mcp', 'https://mcp.example:443/mcp', 'https://mcp.example/%6dcp'].map(goodTarget),
  {
    id: 'H13',
    what: 'headers that name another host do not make a proof for it good',
    setUp: allowed,
    async play(fixture) {
      const { send } = client(fixture)
      const spoof = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
      const claims = { htu: 'https://evil.example/mcp' }
      await fixture.expect('DP', send({ claims }, { headers: spoof }))
      await fixture.expect('OK', send({}, { headers: spoof }))
    },
  },
  madeAt('300 s old', -300, 'OK'),
  madeAt('301 s old', -301, 'DP'),
  madeAt('30 s ahead', 30, 'OK'),
  madeAt('31 s ahead', 31, 'DP'),
  ...['1767225600', null, -1, true, [], undefined].map((iat) =>
    wrongClaim('H14', `iat ${JSON.stringify(iat)}`, { iat }),
  ),
  {
    id: 'H14',
    what: 'another age is asked for',
    setUp: dpop({ maxAge: 10 }),
    async play(fixture) {
      const { send } = client(fixture)
      const now = fixture.clock.now() / 1000
      await fixture.expect('OK', send({ claims: { iat: now - 10 } }))
      await fixture.expect('DP', send({ claims: { iat: now - 11 } }))
    },
  },
  ...[undefined, null, '', sha256('another token')].map((ath) => wrongClaim('H15', `ath ${ath}`, { ath })),
  {
    id: 'H15',
    what: 'ath padded, or of the token of another client of the same key',
    setUp: allowed,
    async play(fixture) {
      const { key, send, token } = client(fixture)
      await fixture.expect('DP', send({ claims: { ath: `${sha256(token)}=` } }))
      const other = fixture.issuer.mint({ cnf: { jkt: key.thumbprint } })
      await fixture.expect('DP', send({ claims: { ath: sha256(other) } }))
    },
  },
  {
    id: 'H16',
    what: 'a good proof of another key',
    setUp: allowed,
    attack: (fixture) => sendBound(createDpopKey({ clock: fixture.clock }), client(fixture).token),
    expect: 'IT',
  },
]
