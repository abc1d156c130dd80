import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer } from './fixture.ts'
import type { Attack } from './hosts.ts'
import { findSecret, secretsOf } from './secrets.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = encode({ alg: 'ES256', kid: 'key-number-7', typ: 'at+jwt' })
const payload = encode({ sub: 'alice@example.com', cnf: { jkt: 'thumbprint' }, roles: ['cashier'], exp: 4_000_000_000 })
const token = `${header}.${payload}.c2lnbmF0dXJlIG9mIGl0`

/** Where a token may stand. */
const places: Readonly<Record<string, Attack>> = {
  'the Authorization header': bearer(token),
  'the second of two': { headers: { authorization: ['Bearer x', `Bearer ${token}`] } },
  'Proxy-Authorization': { headers: { 'proxy-authorization': `Bearer ${token}` } },
  Basic: { headers: { authorization: `Basic ${btoa(`user:${token}`)}` } },
  'a proof': { headers: { dpop: token } },
  'a cookie': { headers: { cookie: `a=b; access_token=${token}; c=d` } },
  'a header of its own': { headers: { 'x-api-key': token } },
  'the query': { path: `/mcp?a=b&access_token=${token}` },
  'the query, encoded': { path: `/mcp?access_token=${token.replaceAll('.', '%2E').replaceAll('e', '%65')}` },
  'a form': { body: `a=b&access_token=${token}` },
  'JSON at any depth': { body: JSON.stringify({ params: { auth: [{ token }] } }) },
}

for (const [place, attack] of Object.entries(places)) {
  test(`a token, its parts and what it says are found in ${place}`, () => {
    const { credentials, claims } = secretsOf(attack)
    for (const part of token.split('.')) assert.ok(credentials.includes(part))
    for (const claim of ['alice@example.com', 'thumbprint', 'cashier', 'key-number-7'])
      assert.ok(claims.includes(claim))
    assert.ok(!claims.includes('ES256'))
  })
}

test('what says how to answer is no secret', () => {
  const headers = { host: 'a.long.host.example', origin: 'https://app.example', accept: 'application/json, text/plain' }
  assert.deepEqual(secretsOf({ path: '/.well-known/oauth-protected-resource', headers }).credentials, [])
})

test('a secret is found as it is, in JSON and in a URL, and nowhere else', () => {
  const secret = 'a "b"&c'
  for (const text of [`x${secret}y`, JSON.stringify({ secret }), `https://a.example?b=${encodeURIComponent(secret)}`]) {
    assert.equal(findSecret(text, ['other', secret]), secret)
  }
  assert.equal(findSecret('a b c', [secret]), undefined)
})

test('the algorithm of a token is no secret, also where its name was spoilt: a challenge lists algorithms', () => {
  const spoilt = encode({ 'alg!': 'ES256', key: 'key-number-7' })
  const { claims } = secretsOf({ headers: { authorization: `Bearer ${spoilt}.e30.x` } })
  assert.ok(!claims.includes('ES256'))
  assert.ok(claims.includes('key-number-7'))
})
