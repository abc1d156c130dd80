import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { EventInput } from '@postern/core'
import type { ResourceServerOptions } from '../options/types.ts'
import { createResourceServer } from '../resource-server.ts'
import { createDpopKey } from '../testing/dpop-key.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'

const resource = 'https://mcp.example/mcp'
const opened: { close(): unknown }[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((thing) => thing.close()))
})

async function open(options: Partial<ResourceServerOptions>) {
  const issuer = await createFakeIssuer({ audience: resource })
  const events: EventInput[] = []
  const onEvent = (event: EventInput) => void events.push(event)
  const rs = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }], onEvent, ...options })
  opened.push(issuer, rs)
  const key = createDpopKey()
  const token = issuer.mint({ cnf: { jkt: key.thumbprint } })
  const headers = () => ({ authorization: `DPoP ${token}`, dpop: key.prove({ url: resource, token }) })
  const ask = async (more: Record<string, string> = {}) => {
    const answer = await rs.authenticate(new Request(resource, { method: 'POST', headers: { ...headers(), ...more } }))
    return answer instanceof Response ? answer.status : 200
  }
  return { issuer, rs, events, token, ask }
}

test('where nothing but the token is known, nobody can prove anything', async () => {
  for (const options of [{}, { dpop: { mode: 'allowed' }, mtls: {} }, { dpop: { mode: 'required' } }] as const) {
    const { rs, token, issuer, events } = await open(options)
    await assert.rejects(rs.verifier.verifyAccessToken(token))
    assert.equal(events.at(-1)?.reason, 'binding_not_supported')
    await assert.rejects(
      rs.verifier.verifyAccessToken(
        issuer.mint({ cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } }),
      ),
    )
    if (options.dpop?.mode === 'required') await assert.rejects(rs.verifier.verifyAccessToken(issuer.mint()))
    else await rs.verifier.verifyAccessToken(issuer.mint())
  }
})

test('an event says whose proof was refused and why, and nothing of the proof', async () => {
  const { ask, events } = await open({ dpop: { mode: 'allowed' } })
  assert.equal(await ask(), 200)
  assert.equal(await ask({ dpop: 'nonsense' }), 401)
  const { reason, clientId, subjectHash, status } = events.at(-1) ?? {}
  assert.deepEqual([reason, clientId, status], ['dpop_proof_malformed', 'client-1', 401])
  assert.match(subjectHash ?? '', /^[\w-]{43}$/)
  assert.ok(!JSON.stringify(events).includes('nonsense'))
})

test('one request comes past two guards with one proof', async () => {
  const { rs, issuer } = await open({ dpop: { mode: 'required' } })
  const key = createDpopKey()
  const token = issuer.mint({ cnf: { jkt: key.thumbprint } })
  const headers = { authorization: `DPoP ${token}`, dpop: key.prove({ url: resource, token }) }
  const request = new Request(resource, { method: 'POST', headers })
  assert.ok(!((await rs.authenticate(request)) instanceof Response))
  assert.ok(!((await rs.authenticate(request, { scopes: ['read'] })) instanceof Response))
  const again = new Request(resource, { method: 'POST', headers })
  assert.ok((await rs.authenticate(again)) instanceof Response)
})
