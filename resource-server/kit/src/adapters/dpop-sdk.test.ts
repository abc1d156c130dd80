import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import {
  Client,
  DpopSession,
  extractWWWAuthenticateParams,
  StreamableHTTPClientTransport,
  withDpop,
} from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { extractWWWAuthenticateParams as extractV1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import type { DpopOptions } from '../options/types.ts'
import { createResourceServer } from '../resource-server.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import { guard } from './node.ts'

const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close()
})

const mcp = toNodeHandler(
  createMcpHandler(() => {
    const server = new McpServer({ name: 'test', version: '1' })
    server.registerTool('whoami', {}, (ctx) => ({
      content: [{ type: 'text', text: ctx.http?.authInfo?.clientId ?? '' }],
    }))
    return server
  }),
)

/** An MCP server behind our guard, and what passed between it and its clients. */
async function open(dpop: DpopOptions) {
  const state: { listener: RequestListener } = { listener: (_req, res) => res.end() }
  const statuses: number[] = []
  const server = createServer((req, res) => {
    res.on('finish', () => statuses.push(res.statusCode))
    state.listener(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
  const issuer = await createFakeIssuer({ audience: url.href })
  const rs = createResourceServer({ resource: url.href, issuers: [{ issuer: issuer.issuer }], dpop })
  const check = guard(rs)
  state.listener = (req, res) => check(req, res, () => void mcp(req as Parameters<typeof mcp>[0], res))
  opened.push(issuer, rs, {
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  return { url, issuer, rs, statuses }
}

/** The client's own DPoP: it makes the proofs, and answers a demand for a nonce. */
async function whoami(url: URL, token: string, session: DpopSession): Promise<unknown> {
  const client = new Client({ name: 'client', version: '1' })
  const transport = new StreamableHTTPClientTransport(url, { fetch: withDpop(session, () => token)(fetch) })
  await client.connect(transport)
  opened.push(client)
  const [said] = (await client.callTool({ name: 'whoami' })).content as { text: string }[]
  return said?.text
}

for (const alg of ['ES256', 'EdDSA', 'PS256'] as const) {
  test(`SDK v2's DPoP with ${alg}`, async () => {
    const { url, issuer, statuses } = await open({ mode: 'required' })
    const session = await DpopSession.create({ alg })
    const token = issuer.mint({ cnf: { jkt: session.thumbprint } })
    assert.equal(await whoami(url, token, session), 'client-1')
    assert.ok(!statuses.includes(401))
    await assert.rejects(whoami(url, token, await DpopSession.create()), 'a key of a thief')
    await assert.rejects(whoami(url, issuer.mint(), session), 'a token that is not bound')
  })
}

test("SDK v2's DPoP brings the nonce that it is asked for", async () => {
  const { url, issuer, statuses } = await open({ mode: 'required', nonce: 'required' })
  const session = await DpopSession.create()
  assert.equal(await whoami(url, issuer.mint({ cnf: { jkt: session.thumbprint } }), session), 'client-1')
  assert.deepEqual(
    statuses.filter((status) => status === 401),
    [401],
  )
})

test('both SDK generations find the metadata in the challenges', async () => {
  for (const mode of ['allowed', 'required'] as const) {
    const { url, issuer, rs } = await open({ mode })
    const bare = await fetch(url, { method: 'POST' })
    assert.equal(extractWWWAuthenticateParams(bare).resourceMetadataUrl?.href, rs.metadataUrl)
    assert.equal(extractWWWAuthenticateParams(bare).error, undefined)
    // v1 knows bearers only, so where these are not accepted it has nothing to find.
    if (mode === 'allowed') assert.equal(extractV1(bare).resourceMetadataUrl?.href, rs.metadataUrl)
    const bound = issuer.mint({ cnf: { jkt: (await DpopSession.create()).thumbprint } })
    const refused = await fetch(url, { method: 'POST', headers: { authorization: `DPoP ${bound}` } })
    assert.equal(extractWWWAuthenticateParams(refused).error, 'invalid_dpop_proof')
  }
})
