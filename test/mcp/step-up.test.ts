import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import {
  Client as ClientV2,
  InsufficientScopeError,
  ClientCredentialsProvider as ProviderV2,
  StreamableHTTPClientTransport as TransportV2,
} from '@modelcontextprotocol/client'
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { type Idp, startIdp, type TestPool } from '@postern/idp/testing'
import { createResourceServer, type ResourceServer } from '@postern/resource-server'
import { protectOperations } from '@postern/resource-server/mcp'
import { type App, apps, type Listening, listen } from '../frameworks.ts'
import { createV1, createV2, type McpBackend } from './servers.ts'

const rules = { tools: { delete: ['files:write', 'files:delete'] }, prompts: { review: ['review'] } }
const everything = 'files:delete files:write read review'

/** Where the step up is asked for: by the guard, or by SDK v2's own server. */
const servers: Record<string, (rs: ResourceServer) => { guard: object; backend: McpBackend }> = {
  'a v1 server behind a guard': (rs) => ({ guard: { operations: protectOperations(rs, rules) }, backend: createV1() }),
  'a v2 server behind a guard': (rs) => ({ guard: { operations: protectOperations(rs, rules) }, backend: createV2() }),
  'a v2 server with scopeChallenge': (rs) => ({
    guard: {},
    backend: createV2(protectOperations(rs, rules).scopeChallenge),
  }),
}

/** No framework at all. */
const bare: App = (rs, guard, { web }) =>
  getRequestListener(async (request) => {
    const metadata = rs.metadata(request)
    if (metadata !== undefined) return metadata
    const auth = await rs.authenticate(request, guard)
    return auth instanceof Response ? auth : web(request, auth)
  })

describe('clients of the SDKs step up', () => {
  let idp: Idp
  let pool: TestPool
  let listening: Listening
  let url: string
  const opened: { close(): unknown }[] = []

  before(async () => {
    idp = await startIdp()
    listening = await listen()
    url = `http://127.0.0.1:${listening.port}/mcp`
    const scopes = ['read', 'files:write', 'files:delete', 'review'].map((name) => ({ name }))
    pool = await idp.createPool({ name: 'tests', resources: [{ identifier: url, scopes }] })
  })
  after(async () => {
    for (const thing of opened) await thing.close()
    await listening.close()
    await idp.close()
  })

  const serve = (app: App, create: (typeof servers)[string]): McpBackend => {
    const rs = createResourceServer({ resource: url, issuers: [{ issuer: pool.issuer }], requiredScopes: ['read'] })
    opened.push(rs)
    const { guard, backend } = create(rs)
    listening.use(app(rs, guard, backend))
    return backend
  }

  const credentials = async () => {
    const { clientId, clientSecret = '' } = await pool.createClient({ name: 'agent' })
    return { clientId, clientSecret, expectedIssuer: pool.issuer }
  }

  /** A person's client of v1 (its machine clients ask for the same scopes whatever a challenge says): `ask` meets every redirect with consent. */
  const openV1 = async () => {
    const { clientId } = await pool.createClient({ name: 'agent' })
    const state: { token?: string; asked?: string | null } = {}
    const authProvider: OAuthClientProvider = {
      redirectUrl: 'http://127.0.0.1/callback',
      clientMetadata: { redirect_uris: ['http://127.0.0.1/callback'] },
      clientInformation: () => ({ client_id: clientId }),
      tokens: () => (state.token === undefined ? undefined : { access_token: state.token, token_type: 'Bearer' }),
      saveTokens: () => undefined,
      redirectToAuthorization(to) {
        state.asked = to.searchParams.get('scope')
      },
      saveCodeVerifier: () => undefined,
      codeVerifier: () => 'x',
    }
    const ask = async <T>(what: () => Promise<T>): Promise<T> => {
      try {
        return await what()
      } catch (error) {
        if (!(error instanceof UnauthorizedError)) throw error
        state.token = await pool.token({ client: clientId, scopes: state.asked?.split(' ') })
        return what()
      }
    }
    const connect = async () => {
      const client = new ClientV1({ name: 'test', version: '1' })
      const transport = new TransportV1(new URL(url), { authProvider })
      await client.connect(transport as Parameters<typeof client.connect>[0])
      opened.push(client)
      return client
    }
    const client = await ask(connect)
    return {
      callTool: (name: string) => ask(() => client.callTool({ name, arguments: {} })),
      getPrompt: (name: string) => ask(() => client.getPrompt({ name })),
      scopes: () => state.asked?.split(' ').sort().join(' '),
    }
  }

  const openV2 = async (versionNegotiation?: object, more: object = {}) => {
    const provider = new ProviderV2(await credentials())
    const client = new ClientV2(
      { name: 'test', version: '1' },
      (versionNegotiation === undefined ? {} : { versionNegotiation }) as object,
    )
    await client.connect(new TransportV2(new URL(url), { authProvider: provider, ...more }))
    opened.push(client)
    return {
      callTool: (name: string) => client.callTool({ name, arguments: {} }),
      getPrompt: (name: string) => client.getPrompt({ name }),
      scopes: () => provider.tokens()?.scope?.split(' ').sort().join(' '),
    }
  }

  const pinned = { mode: { pin: '2026-07-28' } }

  for (const [framework, app] of Object.entries({ ...apps, 'rs.authenticate': bare })) {
    describe(framework, () => {
      for (const [name, create] of Object.entries(servers)) {
        const isV2 = name.includes('v2')
        const clients = {
          v1: openV1,
          v2: () => openV2(),
          ...(isV2 ? { 'v2 pinned to 2026-07-28': () => openV2(pinned) } : {}),
        }
        for (const [who, open] of Object.entries(clients)) {
          test(`M1, M2: ${who}, ${name}`, async () => {
            const backend = serve(app, create)
            const { callTool, getPrompt, scopes } = await open()
            assert.equal(scopes(), 'read', 'the first challenge asks for no more than is needed everywhere')
            await callTool('read')
            assert.equal(scopes(), 'read')
            await callTool('delete')
            assert.equal(scopes(), 'files:delete files:write read', 'one step, with all that the tool needs')
            await getPrompt('review')
            assert.deepEqual(backend.executed, ['read', 'delete', 'review'])
            // v1 asks for what the last challenge names; v2 unites that with what it had (2026-07-28).
            assert.equal(scopes(), who === 'v1' ? 'read review' : everything)
          })
        }
      }

      test('M2: a v2 client that wants to decide by itself learns all that is needed', async () => {
        const backend = serve(app, servers['a v2 server behind a guard'] ?? assert.fail())
        const { callTool } = await openV2(pinned, { onInsufficientScope: 'throw' })
        await assert.rejects(
          callTool('delete'),
          (error) =>
            error instanceof InsufficientScopeError &&
            error.requiredScope === 'read files:write files:delete' &&
            error.resourceMetadataUrl?.href === url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp'),
        )
        assert.deepEqual(backend.executed, [])
      })
    })
  }
})
