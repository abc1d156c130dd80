import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose'
import { algorithms } from '../options/algorithms.ts'
import { createResourceServer } from '../resource-server.ts'
import { createSigningKey } from '../testing/signing.ts'

const resource = 'https://mcp.example/mcp'
const issuer = 'https://as.example'
const keys = algorithms.map((algorithm) => createSigningKey(algorithm))
const jwks = { keys: keys.map(({ jwk }) => ({ ...jwk, kty: jwk.kty ?? '' })) }
const rs = createResourceServer({
  resource,
  issuers: [{ issuer, jwks }],
  onEvent: ({ reason }) => void reasons.push(reason),
})
const reasons: string[] = []
const published = createLocalJWKSet(jwks)

after(() => rs.close())

/** Claims that mean nothing to the kit, whatever they are. */
const others = fc.dictionary(
  fc.string({ unit: 'grapheme', maxLength: 10 }).map((name) => `x ${name}`),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 5 },
)
const tokens = fc.record({
  key: fc.constantFrom(...keys),
  others,
  sub: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
  aud: fc.constantFrom<string | string[]>(resource, [resource], ['x', resource], 'https://other.example', ['x']),
  iss: fc.oneof({ weight: 8, arbitrary: fc.constant(issuer) }, { weight: 1, arbitrary: fc.constant(`${issuer}/x`) }),
  life: fc.constantFrom(300, 3600, 300, 86_400, -60),
  isTampered: fc.integer({ max: 7, min: 0 }).map((dice) => dice === 0),
})

test('generated tokens, good and bad: the verdict of jose, and its claims', async () => {
  const verdicts = { good: 0, bad: 0 }
  await fc.assert(
    fc.asyncProperty(tokens, async ({ key, others: more, sub, aud, iss, life, isTampered }) => {
      const now = Math.floor(Date.now() / 1000)
      const claims = { ...more, iss, sub, client_id: 'client', aud, iat: now - 120, exp: now + life }
      const header = { alg: key.algorithm, kid: key.kid, typ: 'at+jwt' }
      const signed = await new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey)
      const [head, , signature] = signed.split('.')
      const forged = Buffer.from(JSON.stringify({ ...claims, sub: `${sub}!` })).toString('base64url')
      const token = isTampered ? `${head}.${forged}.${signature}` : signed

      const theirs = await jwtVerify(token, published, { issuer, audience: resource, typ: 'at+jwt' }).then(
        ({ payload }) => payload,
        () => undefined,
      )
      const ours = await rs.authenticate(new Request(resource, { headers: { authorization: `Bearer ${token}` } }))
      verdicts[theirs === undefined ? 'bad' : 'good'] += 1
      assert.equal(!(ours instanceof Response), theirs !== undefined, reasons.at(-1))
      if (ours instanceof Response) assert.equal(ours.status, 401)
      else assert.equal(JSON.stringify(ours.claims), JSON.stringify(theirs))
    }),
    { numRuns: 400 },
  )
  assert.ok(verdicts.good > 50 && verdicts.bad > 50, JSON.stringify(verdicts))
})
