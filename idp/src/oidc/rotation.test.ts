import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { moveTime, restoreTime } from '@postern/core/testing'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { limits } from '../limits.ts'
import { type Idp, startIdp, type TestClient, type TestPool } from '../testing/index.ts'
import { decode, manage, requestToken, tokenOf } from './token-request.ts'

// Moves this process's time, so it has a file of its own.

let idp: Idp
let pool: TestPool
let client: TestClient

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({ name: 'rotated', resources: [{ identifier: 'https://mcp.example/mcp' }] })
  client = await pool.createClient({ name: 'agent' })
})
after(async () => {
  restoreTime()
  await idp.close()
})

async function published(): Promise<JSONWebKeySet> {
  return (await fetch(pool.jwksUrl)).json()
}

async function token(): Promise<{ token: string; kid: unknown }> {
  const made = tokenOf(await requestToken(pool, client))
  return { token: made, kid: decode(made).header['kid'] }
}

/** As a resource server does it that has these keys and no way to get others. */
const verify = (made: string, keys: JSONWebKeySet) =>
  jwtVerify(made, createLocalJWKSet(keys), { issuer: pool.issuer, audience: 'https://mcp.example/mcp' })

test('a rotation breaks no live token, neither for who has fetched the keys before nor after', async () => {
  const keysBefore = await published()
  const before = await token()

  assert.equal((await manage(idp, 'POST', `/user-pools/${pool.id}/keys/rotate`)).status, 200)
  const after = await token()
  assert.notEqual(after.kid, before.kid)
  const keysAfter = await published()

  for (const keys of [keysBefore, keysAfter]) {
    for (const made of [before, after]) await verify(made.token, keys)
  }
  // The lane of our own signs with the new key as well.
  assert.equal((await token()).kid, after.kid)
  assert.equal(keysAfter.keys.length, 3)
})

test('a retired key leaves the published ones when no token of it can be alive', async () => {
  const old = await token()
  await manage(idp, 'POST', `/user-pools/${pool.id}/keys/rotate`)
  const kids = async () => (await published()).keys.map(({ kid }) => kid)
  assert.ok((await kids()).includes(String(old.kid)))

  moveTime((limits.defaultAccessTokenTtl - 60) * 1000)
  assert.ok((await kids()).includes(String(old.kid)))
  moveTime((60 + limits.keyGrace + 1) * 1000)
  assert.equal((await kids()).includes(String(old.kid)), false)
  await verify((await token()).token, await published())
})

test('a pool that changes its algorithm signs with it at once, and older tokens stay good', async () => {
  const before = await token()
  await manage(idp, 'PATCH', `/user-pools/${pool.id}`, { signingAlgorithm: 'EdDSA' })
  const after = await token()
  assert.equal(decode(after.token).header['alg'], 'EdDSA')
  assert.equal(decode((await token()).token).header['alg'], 'EdDSA')
  const keys = await published()
  for (const made of [before, after]) await verify(made.token, keys)
  const { id_token_signing_alg_values_supported: algorithms } = await (await fetch(pool.discoveryUrl)).json()
  assert.ok(algorithms.includes('EdDSA'))
})
