import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sha256Base64url } from '@postern/core'
import { createKeySource } from '../keys/key-source.ts'
import { readOptions } from '../options/read-options.ts'
import { Refusal } from '../refusal.ts'
import { createFakeIssuer } from '../testing/index.ts'
import { createJwtVerifier } from './jwt.ts'

const resource = 'https://mcp.example/mcp'
const issuer = await createFakeIssuer({ audience: resource })
const settings = readOptions({ resource, issuers: [{ issuer: issuer.issuer }], cache: { maxTokens: 50 } })
const trusted = settings.issuers.map((rules) => ({
  rules,
  keys: createKeySource(rules, { ...settings, times: settings.keyTimes, onWarning: () => undefined }),
}))
const jwt = createJwtVerifier(trusted, settings)

after(async () => {
  for (const { keys } of trusted) keys.close()
  await issuer.close()
})

/** The reason of the refusal; 'ok' where there is none. */
async function outcomeOf(token: string): Promise<string> {
  try {
    await jwt.verify(token)
    return 'ok'
  } catch (error) {
    return error instanceof Refusal ? error.reason : String(error)
  }
}

test('50,000 bad tokens, no two alike, leave nothing behind and cause two fetches at most', async () => {
  const good = issuer.mint()
  assert.equal(await outcomeOf(good), 'ok')
  const [, payload = ''] = good.split('.')
  const header = (kid: string) =>
    Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid })).toString('base64url')
  const signature = 'A'.repeat(86)
  const bad = [
    (index: number) => `${header(`unknown ${index}`)}.${payload}.${signature}`,
    (index: number) => `${header('any')}.${Buffer.from(`{"iss":"i${index}"}`).toString('base64url')}.${signature}`,
    (index: number) => `not a token ${index}`,
    (index: number) => `${header('any')}.${payload}.${index}=`,
  ]
  const seen = new Map<string, number>()
  for (let index = 0; index < 50_000; index += 1) {
    const make = index % 100 === 0 ? () => forged(good, index) : bad[index % bad.length]
    const reason = await outcomeOf(make?.(index) ?? '')
    seen.set(reason, (seen.get(reason) ?? 0) + 1)
  }
  assert.deepEqual([...seen.keys()].sort(), [
    'bad_signature',
    'issuer_unknown',
    'malformed_token',
    'token_not_base64url',
    'unknown_key',
  ])
  assert.equal(jwt.remembered, 1, 'only the good one')
  assert.ok(issuer.fetches.jwks <= 3, 'one for the good token, two at most for all the unknown keys')
  assert.equal(await outcomeOf(good), 'ok')
})

/** A good token with a signature of the right size that is another one's. */
function forged(good: string, index: number): string {
  const end = good.lastIndexOf('.') + 1
  const bytes = Buffer.from(good.slice(end), 'base64url')
  bytes.writeUInt32BE(index, 8)
  return good.slice(0, end) + bytes.toString('base64url')
}

test('good tokens are remembered up to the bound, by their text and by their digest', async () => {
  for (let index = 0; index < 120; index += 1) assert.equal(await outcomeOf(issuer.mint()), 'ok')
  assert.equal(jwt.remembered, 50)
  const last = issuer.mint()
  assert.equal(await outcomeOf(last), 'ok')
  assert.equal(await jwt.hashOf(last), await sha256Base64url(last))
})

test('a text that ends like a verified token is not taken for it', async () => {
  const good = issuer.mint()
  assert.equal(await outcomeOf(good), 'ok')
  const [header = '', , signature = ''] = good.split('.')
  const claims = issuer.claims({ sub: 'somebody-else' })
  const changed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`
  assert.equal(await jwt.hashOf(changed), await sha256Base64url(changed))
  assert.equal(await outcomeOf(changed), 'bad_signature')
  jwt.clear()
  assert.equal(jwt.remembered, 0)
})
