import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createResourceServer, type ResourceServer } from '@postern/resource-server'
import { type OperationRules, protectOperations } from '@postern/resource-server/mcp'
import { createFakeIssuer, expectRefusal, type FakeIssuer, seen } from '@postern/resource-server/testing'
import { apps, type Listening, listen } from '../frameworks.ts'
import { createV1, createV2, type McpBackend } from './servers.ts'

const rules: OperationRules = {
  tools: { delete: ['files:write', 'files:delete'] },
  prompts: { review: ['review'] },
  resources: { 'config://app': ['config'], 'users://{id}': ['users'] },
}

const legacy = { 'mcp-protocol-version': '2025-11-25' }
const modern = { 'mcp-protocol-version': '2026-07-28' }

/** A request as a client of 2026-07-28 makes it. */
function modernRequest(method: string, params: object) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }
}

const call = (name: string, id = 1) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } })

function isBody(body: unknown): body is BodyInit {
  return typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
}

/** A body without a length known before, in pieces. */
function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const left = [...pieces]
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift()
      if (piece === undefined) controller.close()
      else if (piece.byteLength > 0) controller.enqueue(piece)
    },
  })
}

for (const [name, app] of Object.entries(apps)) {
  for (const [sdk, create] of Object.entries({ v1: createV1, v2: createV2 })) {
    describe(`${name}, SDK ${sdk}`, () => {
      let issuer: FakeIssuer
      let rs: ResourceServer
      let listening: Listening
      let url: string
      let backend: McpBackend

      before(async () => {
        listening = await listen()
        url = `http://127.0.0.1:${listening.port}/mcp`
        issuer = await createFakeIssuer({ audience: url })
        rs = createResourceServer({
          resource: url,
          issuers: [{ issuer: issuer.issuer }],
          requiredScopes: ['read'],
          scopeHierarchy: { admin: ['files:write', 'files:delete', 'review', 'config', 'users'] },
        })
        backend = create()
        listening.use(app(rs, { operations: protectOperations(rs, rules) }, backend))
      })
      after(async () => {
        rs.close()
        await listening.close()
        await issuer.close()
      })

      const send = async (body: unknown, scope: string, headers: Record<string, string> = legacy) => {
        backend.executed.length = 0
        return fetch(url, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${issuer.mint({ scope })}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            ...headers,
          },
          body: isBody(body) ? body : JSON.stringify(body),
          duplex: 'half',
        } as RequestInit)
      }
      const refuses = async (body: unknown, scope: string, headers?: Record<string, string>) => {
        const answer = await seen(await send(body, 'read', headers))
        expectRefusal(answer, 'IS', { metadataUrl: rs.metadataUrl, scope })
        assert.deepEqual(backend.executed, [])
      }
      const executes = async (body: unknown, scope: string, expected: string[], headers?: Record<string, string>) => {
        const answer = await send(body, scope, headers)
        assert.equal(answer.status, 200, await answer.text())
        assert.deepEqual(backend.executed, expected)
      }

      test('a tool without its scopes is 403 for that tool alone', async () => {
        await refuses(call('delete'), 'read files:write files:delete')
        await executes(call('read'), 'read', ['read'])
        await executes(call('delete'), 'read files:write files:delete', ['delete'])
        await executes(call('delete'), 'read admin', ['delete'])
        await executes(call('unknown'), 'read', [])
      })

      test('prompts and resources too', async () => {
        const prompt = { ...call('review'), method: 'prompts/get' }
        await refuses(prompt, 'read review')
        await executes(prompt, 'read admin', ['review'])
        for (const [uri, scope] of [
          ['config://app', 'config'],
          ['users://7', 'users'],
        ] as const) {
          const read = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } }
          await refuses(read, `read ${scope}`)
          await executes(read, 'read admin', [uri])
        }
        const ref = { type: 'ref/resource', uri: 'users://{id}' }
        const argument = { name: 'id', value: '' }
        await refuses({ jsonrpc: '2.0', id: 1, method: 'completion/complete', params: { ref, argument } }, 'read users')
      })

      test('a batch is refused whole, and nothing of it is executed', async () => {
        await refuses([call('read', 1), call('delete', 2)], 'read files:write files:delete')
        await executes([call('read', 1), call('delete', 2)], 'read admin', ['read', 'delete'])
      })

      test('what is not JSON-RPC is answered by the transport', async () => {
        for (const body of ['{"jsonrpc":', '{}', '7', 'null', '[[]]', '', streamOf([])]) {
          const answer = await send(body, 'read')
          assert.equal(answer.status, 400, `${body}: ${await answer.text()}`)
        }
        assert.equal((await send('x', 'read', { 'content-type': 'text/plain' })).status, 415)
      })

      test('no encoding smuggles a call past the gate', async () => {
        const text = JSON.stringify(call('delete'))
        const attacks: [string | Uint8Array, Record<string, string>][] = [
          [gzipSync(text), { 'content-encoding': 'gzip' }],
          [Buffer.from(text, 'utf16le'), { 'content-type': 'application/json; charset=utf-16le' }],
          [text, { 'content-type': 'text/plain' }],
          [text, { 'content-type': 'application/x-www-form-urlencoded' }],
          [`\uFEFF${text}`, {}],
          [text.replace('"delete"', '"read","name":"delete"'), {}],
          [text.replace('delete', '\\u0064elete'), {}],
        ]
        for (const [body, headers] of attacks) {
          const answer = await send(body, 'read', { ...legacy, ...headers })
          assert.ok(answer.status >= 400, `${JSON.stringify(headers)}: ${answer.status}`)
          await answer.body?.cancel()
          assert.deepEqual(backend.executed, [])
        }
      })

      test('a body sent in pieces is put back for who comes next', async () => {
        const long = { ...call('read'), params: { name: 'read', arguments: { filler: 'ü'.repeat(40_000) } } }
        await executes(long, 'read', ['read'])
        const bytes = Buffer.from(JSON.stringify(long))
        const cuts = [0, 7, 30_000, 30_001, 65_536, bytes.length]
        const answer = await send(streamOf(cuts.map((at, index) => bytes.subarray(at, cuts[index + 1]))), 'read')
        assert.equal(answer.status, 200, await answer.text())
      })

      test('headers do not say what is called', async () => {
        await refuses(call('delete'), 'read files:write files:delete', {
          ...legacy,
          'mcp-method': 'tools/list',
          'mcp-name': 'read',
        })
        if (sdk === 'v1') return
        const named = (method: string, name: string) => ({ ...modern, 'mcp-method': method, 'mcp-name': name })
        const deletes = modernRequest('tools/call', { name: 'delete', arguments: {} })
        await refuses(deletes, 'read files:write files:delete', named('tools/call', 'delete'))
        await refuses(deletes, 'read files:write files:delete', named('tools/call', 'read'))
        await executes(deletes, 'read admin', ['delete'], named('tools/call', 'delete'))
        await executes(
          modernRequest('tools/call', { name: 'read', arguments: {} }),
          'read',
          ['read'],
          named('tools/call', 'read'),
        )
        const listen = modernRequest('subscriptions/listen', {
          notifications: { resourceSubscriptions: ['config://app'] },
        })
        await refuses(listen, 'read config', { ...modern, 'mcp-method': 'subscriptions/listen' })
      })

      test('the SDKs own clients are let in, and told what they lack', async () => {
        const requestInit = (scope: string) => ({
          requestInit: { headers: { authorization: `Bearer ${issuer.mint({ scope })}` } },
        })
        const v1 = async (scope: string) => {
          const client = new ClientV1({ name: 'test', version: '1' })
          const transport = new TransportV1(new URL(url), requestInit(scope))
          await client.connect(transport as Parameters<typeof client.connect>[0])
          return client
        }
        const v2 = (mode?: object) => async (scope: string) => {
          const client = new ClientV2(
            { name: 'test', version: '1' },
            mode === undefined ? {} : ({ versionNegotiation: { mode } } as object),
          )
          await client.connect(new TransportV2(new URL(url), requestInit(scope)))
          return client
        }
        for (const open of [v1, v2(), ...(sdk === 'v2' ? [v2({ pin: '2026-07-28' })] : [])]) {
          const client = await open('read')
          backend.executed.length = 0
          await client.callTool({ name: 'read', arguments: {} })
          await assert.rejects(client.callTool({ name: 'delete', arguments: {} }))
          assert.deepEqual(backend.executed, ['read'])
          await client.close()
          const admin = await open('read admin')
          await admin.callTool({ name: 'delete', arguments: {} })
          assert.deepEqual(backend.executed, ['read', 'delete'])
          await admin.close()
        }
      })
    })
  }
}
