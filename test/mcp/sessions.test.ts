import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AuthInfo, createResourceServer, type ResourceServer } from '@postern/resource-server'
import { createSessionId, sessionNotFound } from '@postern/resource-server/mcp'
import { createFakeIssuer, type FakeIssuer } from '@postern/resource-server/testing'
import { apps, type Listening, listen } from '../frameworks.ts'
import { closeSession, createStateful, type Opened, type Stateful, sdks } from './stateful.ts'

const hosted = Object.entries(apps).flatMap(([name, app]) =>
  Object.entries(sdks).map(([generation, createSdk]) => ({ name: `${name}, ${generation}`, app, createSdk })),
)

for (const { name, app, createSdk } of hosted) {
  describe(`${name}: sessions`, () => {
    let issuers: FakeIssuer[]
    let rs: ResourceServer
    let listening: Listening
    let url: URL
    let backend: Stateful
    const sdk = createSdk()
    const clients: Opened[] = []

    before(async () => {
      listening = await listen()
      url = new URL(`http://127.0.0.1:${listening.port}/mcp`)
      issuers = [await createFakeIssuer({ audience: url.href }), await createFakeIssuer({ audience: url.href })]
      rs = createResourceServer({ resource: url.href, issuers: issuers.map(({ issuer }) => ({ issuer })) })
      backend = createStateful(sdk)
      listening.use(app(rs, undefined, backend))
    })
    after(async () => {
      for (const client of clients) await client.close()
      rs.close()
      await listening.close()
      for (const issuer of issuers) await issuer.close()
    })

    const mint = (claims = {}, at = 0) =>
      issuers[at]?.mint({ sub: 'alice', client_id: 'app', ...claims }) ?? assert.fail()

    /** A session of alice's, opened by the SDK's own client. */
    const connect = async () => {
      const client = await sdk.connect(url, mint())
      clients.push(client)
      return { client, id: client.id ?? assert.fail() }
    }

    const send = async (token: string, method: string, id: string, more: Record<string, string> = {}) => {
      const headers = {
        authorization: `Bearer ${token}`,
        accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        'mcp-session-id': id,
        'mcp-protocol-version': '2025-11-25',
        ...more,
      }
      const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'whoami', arguments: {} } }
      return fetch(url, { method, headers, ...(method === 'POST' ? { body: JSON.stringify(call) } : {}) })
    }

    const strangers = {
      'another person': () => mint({ sub: 'bob' }),
      'another client of hers': () => mint({ client_id: 'other' }),
      'her name at another issuer': () => mint({}, 1),
    }

    test("K1–K4: another caller's POST, GET and DELETE meet what an unknown session does", async () => {
      const { client, id } = await connect()
      for (const [who, token] of Object.entries(strangers)) {
        for (const method of ['POST', 'GET', 'DELETE']) {
          const answer = await send(token(), method, id)
          const unknown = await send(token(), method, createSessionId())
          assert.equal(answer.status, 404, `${who}, ${method}`)
          assert.deepEqual(await answer.json(), sessionNotFound)
          assert.deepEqual([unknown.status, await unknown.json()], [404, sessionNotFound])
          assert.equal(answer.headers.get('mcp-session-id'), null)
        }
      }
      assert.match(JSON.stringify(await client.whoami()), /alice by app/)
    })

    test('K5: a refreshed token goes on with the session', async () => {
      const { id } = await connect()
      const answer = await send(mint({ scope: 'read' }), 'POST', id)
      assert.equal(answer.status, 200)
      assert.match(await answer.text(), /alice by app/)
    })

    test('her own DELETE ends it', async () => {
      const { id } = await connect()
      const before = backend.sessions.size
      assert.equal((await send(mint(), 'DELETE', id)).status, 200)
      assert.equal(backend.sessions.size, before - 1)
      assert.equal((await send(mint(), 'POST', id)).status, 404)
    })

    test("K7: another session's Last-Event-ID replays nothing", async () => {
      const { id } = await connect()
      const events = await (await send(mint(), 'POST', id)).text()
      const [, first] = /^id: (.+)$/m.exec(events) ?? assert.fail('there are event ids')
      const own = await send(mint(), 'GET', id, { 'last-event-id': first ?? '' })
      assert.match(await readUntil(own, /"id":7/), /app/, 'she gets her own again')

      const bob = await openFor(mint({ sub: 'bob' }))
      const his = await send(mint({ sub: 'bob' }), 'GET', bob, { 'last-event-id': first ?? '' })
      assert.equal(his.status, 200)
      await closeSession(backend.sessions.get(bob, await authOf(mint({ sub: 'bob' }))))
      assert.doesNotMatch(await his.text(), /data:/)
    })

    const openFor = async (token: string): Promise<string> => {
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
      })
      await answer.text()
      return answer.headers.get('mcp-session-id') ?? assert.fail()
    }

    const authOf = async (token: string): Promise<AuthInfo> => {
      const auth = await rs.authenticate(new Request(url, { headers: { authorization: `Bearer ${token}` } }))
      assert.ok(!(auth instanceof Response))
      return auth
    }
  })
}

async function readUntil(response: Response, pattern: RegExp): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!pattern.test(text)) {
    const next = await reader?.read()
    if (next?.value === undefined) break
    text += next.value
  }
  await reader?.cancel()
  return text
}
