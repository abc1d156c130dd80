import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { type Gateway, startGateway } from '@postern/gateway/testing'
import { type Idp, startIdp, type TestPool } from '@postern/idp/testing'
import { parseChallenges } from '@postern/resource-server/testing'

const bin = join(import.meta.dirname, '..', 'idp', 'bin', 'postern.js')
const info = { name: 'test', version: '1' }

/** What the tests use of the clients of both generations. */
interface McpClient {
  listTools(): Promise<{ tools: readonly { name: string }[] }>
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<object>
  close(): Promise<void>
}

const kinds: Readonly<Record<string, (url: URL, token: string) => Promise<McpClient>>> = {
  'SDK 1': async (url, token) => {
    const client = new ClientV1(info)
    const transport = new TransportV1(url, { requestInit: { headers: { Authorization: `Bearer ${token}` } } })
    await client.connect(transport as Parameters<ClientV1['connect']>[0])
    return client
  },
  'SDK 2': (url, token) => connectV2(new ClientV2(info), url, token),
  'SDK 2, 2026-07-28': (url, token) =>
    connectV2(new ClientV2(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } }), url, token),
}

async function connectV2(client: ClientV2, url: URL, token: string): Promise<McpClient> {
  await client.connect(new TransportV2(url, { requestInit: { headers: { Authorization: `Bearer ${token}` } } }))
  return client
}

const namesFor = async (client: McpClient): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name)

async function assertCall(client: McpClient, name: string, isAllowed: boolean): Promise<void> {
  const called = client.callTool({ name, arguments: name === 'echo' ? { message: 'hi' } : {} })
  if (isAllowed) assert.ok('content' in (await called), name)
  else await assert.rejects(called, name)
}

async function rest(server: { url: string; adminToken: string }, method: string, path: string, body?: unknown) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  assert.ok(response.ok, text)
  // biome-ignore lint/suspicious/noExplicitAny: what the wire carries is what is asserted
  return (text === '' ? undefined : JSON.parse(text)) as any
}

describe('who may do what, with tokens of a pool', () => {
  let idp: Idp
  let gateway: Gateway
  let pool: TestPool
  let url: URL
  let opsKey: string

  before(async () => {
    idp = await startIdp()
    gateway = await startGateway({ idp })
    url = new URL(`${gateway.url}/notes`)
    pool = await idp.createPool({
      id: 'team',
      name: 'team',
      resources: [
        {
          identifier: url.href,
          scopes: [{ name: 'notes:read' }, { name: 'notes:write', implies: ['notes:read'] }],
        },
      ],
    })
    const service = await gateway.createService({
      id: 'notes',
      name: 'notes',
      path: '/notes',
      backend: { type: 'builtin' },
      authorizers: [
        { type: 'ApiKey', apiKeys: [{ name: 'ops' }] },
        { type: 'CustomJWT', discoveryUrl: pool.discoveryUrl },
      ],
      access: {
        rules: [
          { tools: ['whoami'], scopes: ['notes:read'] },
          { tools: ['echo'], scopes: ['notes:write'] },
          { tools: ['echo'], scopes: ['notes:talk'], clients: ['talker'] },
          { tools: ['echo'], groups: ['Editors'] },
          { tools: ['current_time'], claims: { client_id: ['clock'] } },
          { tools: ['*'], apiKeys: ['ops'] },
        ],
      },
    })
    opsKey = service.apiKeys[0]?.key ?? ''
    for (const [clientId, ...scopes] of [
      ['reader', 'notes:read'],
      ['writer', 'notes:write'],
      ['talker', 'notes:talk'],
      ['clock', 'notes:read'],
    ] as const) {
      await pool.createClient({ clientId, name: clientId, scopes: [...scopes] })
    }
  })
  after(async () => {
    await gateway.close()
    await idp.close()
  })

  test('a scope that a rule names can be had at the pool, though nobody made it there', async () => {
    const { items } = await rest(idp, 'GET', '/user-pools/team/resources')
    assert.deepEqual(
      items[0].scopes.map(({ name }: { name: string }) => name),
      ['notes:read', 'notes:write', 'notes:talk'],
    )
    assert.deepEqual(items[0].scopes[1].implies, ['notes:read'], 'and what the others imply stays')
  })

  const may: Readonly<Record<string, readonly string[]>> = {
    reader: ['whoami'],
    writer: ['whoami', 'echo'],
    talker: ['echo'],
    clock: ['whoami', 'current_time'],
  }
  for (const [kind, connect] of Object.entries(kinds)) {
    test(`${kind}: each client sees and calls what its token is good for, and nothing else`, async () => {
      for (const [clientId, tools] of Object.entries(may)) {
        const client = await connect(url, await pool.token({ client: clientId }))
        assert.deepEqual(await namesFor(client), tools, clientId)
        for (const name of ['whoami', 'echo', 'current_time']) await assertCall(client, name, tools.includes(name))
        await client.close()
      }
      const client = await connect(url, opsKey)
      assert.deepEqual(
        (await client.listTools()).tools.map(({ name }) => name),
        ['whoami', 'echo', 'current_time'],
      )
      await client.close()
    })
  }

  test('the challenge names what the pool then grants', async () => {
    const call = async (token: string) =>
      await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'echo', arguments: { message: 'hi' } },
        }),
      })
    await pool.createClient({ clientId: 'both', name: 'both', scopes: ['notes:read', 'notes:write'] })
    const refused = await call(await pool.token({ client: 'both', scopes: ['notes:read'] }))
    assert.equal(refused.status, 403)
    const { params } = parseChallenges(refused.headers.get('www-authenticate') ?? '')[0] ?? {}
    assert.deepEqual([params?.['error'], params?.['scope']], ['insufficient_scope', 'notes:write'])
    const scopes = params?.['scope']?.split(' ') ?? []
    assert.equal((await call(await pool.token({ client: 'both', scopes }))).status, 200)
  })

  test('a person of a group may do what the group may', async () => {
    const group = await rest(idp, 'POST', '/user-pools/team/groups', { id: 'editors', name: 'Editors' })
    const app = await pool.createClient({
      clientId: 'app',
      name: 'app',
      clientType: 'SINGLE_PAGE_APPLICATION',
      redirectUris: ['http://localhost:3000/callback'],
      scopes: ['notes:read'],
    })
    const ada = await pool.createUser({ groups: [group.id] })
    const bob = await pool.createUser()
    const shown = async (user: typeof ada) => {
      const { accessToken } = await pool.signIn({ client: app, user })
      const client = await kinds['SDK 2']?.(url, accessToken)
      const tools = await client?.listTools()
      await client?.close()
      return tools?.tools.map(({ name }) => name)
    }
    assert.deepEqual(await shown(ada), ['whoami', 'echo'])
    assert.deepEqual(await shown(bob), ['whoami'])
  })

  const ready = async (id: string): Promise<void> => {
    for (let tries = 0; tries < 200; tries++) {
      if ((await rest(gateway, 'GET', `/mcp-toolsets/${id}`)).status === 'Ready') return
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`${id} is not ready`)
  }

  test('a toolset: its own rules and those of the service, merged and found by search', async () => {
    await gateway.createService({ id: 'plain', name: 'plain', path: '/plain', backend: { type: 'builtin' } })
    for (const mode of ['merged', 'search'] as const) {
      await rest(gateway, 'POST', '/mcp-toolsets', {
        id: mode,
        name: mode,
        path: `/${mode}`,
        serviceIds: ['notes', 'plain'],
        mode,
        authorizers: [
          {
            type: 'CustomJWT',
            discoveryUrl: pool.discoveryUrl,
            acceptClientIdAudience: true,
            allowedAudiences: [url.href],
          },
        ],
        access: { rules: [{ tools: ['notes__whoami', 'notes__echo', 'plain__echo'] }] },
      })
    }
    await Promise.all(['merged', 'search'].map(ready))
    const token = await pool.token({ client: 'reader' })
    const merged = await kinds['SDK 1']?.(new URL(`${gateway.url}/merged`), token)
    assert.deepEqual(
      (await merged?.listTools())?.tools.map(({ name }) => name),
      ['notes__whoami', 'plain__echo'],
    )
    await merged?.callTool({ name: 'plain__echo', arguments: { message: 'hi' } })
    for (const name of ['notes__echo', 'plain__whoami', 'echo']) {
      await assert.rejects(async () => await merged?.callTool({ name, arguments: { message: 'hi' } }), name)
    }
    await merged?.close()

    const search = await kinds['SDK 2, 2026-07-28']?.(new URL(`${gateway.url}/search`), token)
    assert.deepEqual((await search?.listTools())?.tools.map(({ name }) => name).sort(), [
      'mcp_search_tool',
      'mcp_use_tool',
    ])
    const found = JSON.stringify(
      await search?.callTool({
        name: 'mcp_search_tool',
        arguments: { task_description: ['echo a message', 'who am I, the time'] },
      }),
    )
    assert.match(found, /plain__echo/)
    for (const hidden of ['notes__echo', 'plain__whoami', 'current_time'])
      assert.doesNotMatch(found, new RegExp(hidden))
    const use = (server_id: string, tool_name: string) => ({
      name: 'mcp_use_tool',
      arguments: { use_tool_info: [{ server_id, tool_name, argument: { message: 'hi' } }] },
    })
    assert.match(JSON.stringify(await search?.callTool(use('plain', 'echo'))), /hi/)
    await assert.rejects(async () => await search?.callTool(use('plain', 'whoami')))
    await assert.rejects(async () => await search?.callTool(use('notes', 'echo')))
    await search?.close()
  })

  test('postern access prints the matrix, as JSON too, and names the mend', async () => {
    const run = (...args: string[]) => {
      const { promise, resolve } = Promise.withResolvers<{ code: number; out: string; err: string }>()
      const env = {
        PATH: process.env['PATH'],
        POSTERN_IDP_URL: idp.url,
        POSTERN_GATEWAY_URL: gateway.url,
        POSTERN_ADMIN_TOKEN: gateway.adminToken,
      }
      execFile(process.execPath, [bin, 'access', ...args], { env }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err })
      })
      return promise
    }
    const table = await run('notes')
    assert.deepEqual([table.code, table.err], [0, ''])
    const [heading, , columns, ...rows] = table.out.trimEnd().split('\n')
    assert.equal(heading, 'notes (enforced)')
    assert.match(columns ?? '', /^TOOL +key ops +client talker +group Editors$/)
    assert.match(rows[0] ?? '', /^whoami +yes +needs scopes notes:read +needs scopes notes:read$/)
    const json = await run('notes', '--json')
    const matrix = await rest(gateway, 'GET', '/mcp-services/notes/access')
    assert.deepEqual(JSON.parse(json.out), matrix)
    const set = await run('merged')
    assert.match(set.out, /^merged \(enforced\)\n\nTOOL +token any other\nnotes__whoami +yes$/m)
    assert.match(set.err, /service notes has rules of its own/)
    const typo = await run('ntoes')
    assert.equal(typo.code, 3)
    assert.match(typo.err, /there is no MCP service "ntoes"; did you mean "notes"\?/)
    assert.equal((await run()).code, 2)
  })
})
