import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Idp, startIdp, type TestPool } from '../testing/index.ts'
import { decode, requestToken, tokenOf } from './token-request.ts'

const count = 1000
const together = 50
const clientSecret = 'a-secret-that-is-long-enough_0123456789'

let idp: Idp

before(async () => {
  const pools = Array.from({ length: count }, (_, index) => ({
    id: `pool-${index}`,
    resources: [{ identifier: `https://mcp-${index}.example/mcp` }],
    clients: [{ clientId: 'agent', clientType: 'MACHINE_TO_MACHINE' as const, clientSecret }],
  }))
  idp = await startIdp({ seed: { version: 1, pools } })
})
after(() => idp.close())

test('a thousand pools, each with its own issuer, keys and audience; more than instances are kept', async () => {
  const kids = new Set<unknown>()
  for (let start = 0; start < count; start += together) {
    const indexes = Array.from({ length: together }, (_, offset) => start + offset)
    await Promise.all(
      indexes.map(async (index) => {
        const pool = await idp.pool(`pool-${index}`)
        const { header, claims } = decode(await tokenFrom(pool))
        assert.equal(claims['iss'], pool.issuer)
        assert.equal(claims['aud'], `https://mcp-${index}.example/mcp`)
        const { issuer } = await (await fetch(pool.discoveryUrl)).json()
        assert.equal(issuer, pool.issuer)
        kids.add(header['kid'])
      }),
    )
  }
  assert.equal(kids.size, count)
  // The first has long been put away, and comes back as it was.
  const pool = await idp.pool('pool-0')
  const { keys } = await (await fetch(pool.jwksUrl)).json()
  const { header } = decode(await tokenFrom(pool))
  assert.ok(keys.some(({ kid }: { kid: string }) => kid === header['kid']))
})

async function tokenFrom(pool: TestPool): Promise<string> {
  return tokenOf(await requestToken(pool, { clientId: 'agent', clientSecret }))
}
