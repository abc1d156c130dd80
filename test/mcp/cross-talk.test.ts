import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createRequestStateCodec } from '@modelcontextprotocol/server'
import { createResourceServer, isAuthInfo, type ResourceServer } from '@postern/resource-server'
import { bindToCaller } from '@postern/resource-server/mcp'
import { createFakeIssuer, type FakeIssuer } from '@postern/resource-server/testing'
import { apps, type Listening, listen } from '../frameworks.ts'
import { createV1, createV2 } from './servers.ts'

const generations = { 'SDK v1': createV1, 'SDK v2': createV2 }

for (const [name, app] of Object.entries(apps)) {
  for (const [generation, create] of Object.entries(generations)) {
    describe(`${name}, ${generation}: callers at once`, () => {
      let issuer: FakeIssuer
      let rs: ResourceServer
      let listening: Listening
      let url: string

      before(async () => {
        listening = await listen()
        url = `http://127.0.0.1:${listening.port}/mcp`
        issuer = await createFakeIssuer({ audience: url })
        rs = createResourceServer({ resource: url, issuers: [{ issuer: issuer.issuer }] })
        listening.use(app(rs, undefined, create()))
      })
      after(async () => {
        rs.close()
        await listening.close()
        await issuer.close()
      })

      test('K9: with one JSON-RPC id, each gets the answer that is meant for them', async () => {
        const ask = async (subject: string) => {
          const response = await fetch(url, {
            method: 'POST',
            headers: {
              authorization: `Bearer ${issuer.mint({ sub: subject })}`,
              accept: 'application/json, text/event-stream',
              'content-type': 'application/json',
              'mcp-protocol-version': '2025-11-25',
            },
            body: JSON.stringify({
              jsonrpc: '2.0',
              id: 1,
              method: 'tools/call',
              params: { name: 'read', arguments: {} },
            }),
          })
          return [response.status, await response.text()] as const
        }
        const subjects = Array.from({ length: 24 }, (_, index) => `person-${index}-end`)
        const answers = await Promise.all(subjects.map(ask))
        for (const [index, [status, text]] of answers.entries()) {
          assert.equal(status, 200, text)
          assert.deepEqual(text.match(/person-\d+-end/g), [subjects[index]])
        }
      })
    })
  }
}

/** A context of SDK v2 as its handlers get it, as far as the codec looks at it. */
type Context = Parameters<ReturnType<typeof createRequestStateCodec>['verify']>[1]

test('K8: requestState is of use to the caller who got it alone', async (t) => {
  const resource = 'https://mcp.example/mcp'
  const issuers = [await createFakeIssuer({ audience: resource }), await createFakeIssuer({ audience: resource })]
  t.after(() => Promise.all(issuers.map((one) => one.close())))
  const rs = createResourceServer({ resource, issuers: issuers.map(({ issuer }) => ({ issuer })) })
  t.after(() => rs.close())
  const contextOf = async (claims: Record<string, unknown>, at = 0): Promise<Context> => {
    const token = issuers[at]?.mint(claims)
    const auth = await rs.authenticate(new Request(resource, { headers: { authorization: `Bearer ${token}` } }))
    assert.ok(isAuthInfo(auth))
    return { http: { authInfo: auth } } as Partial<Context> as Context
  }
  const codec = createRequestStateCodec<{ step: number }>({ key: new Uint8Array(32).fill(7), bind: bindToCaller })
  const alice = await contextOf({ sub: 'alice' })
  const state = await codec.mint({ step: 2 }, alice)
  assert.deepEqual(await codec.verify(state, await contextOf({ sub: 'alice' })), { step: 2 }, 'with another token, too')
  assert.ok(!state.includes('alice'))
  for (const stranger of [
    await contextOf({ sub: 'bob' }),
    await contextOf({ sub: 'alice', client_id: 'another' }),
    await contextOf({ sub: 'alice' }, 1),
  ]) {
    await assert.rejects(codec.verify(state, stranger), /bind/)
  }
  assert.throws(() => bindToCaller({ http: { authInfo: { ...alice.http?.authInfo } } }), TypeError)
})
