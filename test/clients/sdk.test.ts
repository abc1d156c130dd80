// Both SDKs' clients with the authorization code, from a 401 of a server that they know nothing of to every tool of it.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import * as v2 from '@modelcontextprotocol/client'
import * as v1 from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { TestPool } from '@postern/idp/testing'
import { createResourceServer, type ResourceServer } from '@postern/resource-server'
import { protectOperations } from '@postern/resource-server/mcp'
import { ensureLocalTls, localTlsFiles, trustAuthority } from '@postern/server'
import { apps, type Listening, listen } from '../frameworks.ts'
import { createV2 } from '../mcp/servers.ts'
import { type House, openHouse, registrationOf } from './house.ts'

const redirectUrl = 'http://127.0.0.1:49300/callback'
const state = 'state-of-this-test'

type Stored = NonNullable<
  Awaited<ReturnType<v1.OAuthClientProvider['clientInformation']>> &
    Awaited<ReturnType<v2.OAuthClientProvider['clientInformation']>>
>
type Tokens = NonNullable<Awaited<ReturnType<v1.OAuthClientProvider['tokens']>>>

/** What a host application keeps of a server, and the provider that reads and writes it. */
function createHost(clientMetadataUrl: string | undefined) {
  const memory: { client?: Stored; tokens?: Tokens; sentTo?: URL; verifier?: string; found?: object; saved: number } = {
    saved: 0,
  }
  const provider = {
    redirectUrl,
    clientMetadata: { client_name: 'Host', redirect_uris: [redirectUrl] },
    ...(clientMetadataUrl === undefined ? {} : { clientMetadataUrl }),
    state: () => state,
    clientInformation: () => memory.client,
    saveClientInformation(client: object) {
      memory.client = client as Stored
    },
    tokens: () => memory.tokens,
    saveTokens(tokens: Tokens) {
      memory.tokens = tokens
      memory.saved += 1
    },
    redirectToAuthorization(url: URL) {
      memory.sentTo = url
    },
    saveCodeVerifier(verifier: string) {
      memory.verifier = verifier
    },
    codeVerifier: () => memory.verifier ?? '',
    saveDiscoveryState(found: object) {
      memory.found = found
    },
    discoveryState: () => memory.found as never,
  }
  return { memory, provider }
}

type Host = ReturnType<typeof createHost>

interface Connection {
  connect(): Promise<void>
  call(name: string): Promise<unknown>
  finish(callback: URLSearchParams): Promise<void>
  close(): Promise<void>
}

/** A client of an SDK over a transport of its own; after a sign-in there has to be a new one. */
type Open = (url: URL, host: Host) => Connection

const open: Record<string, Open> = {
  'SDK v1': (url, { provider }) => {
    const client = new ClientV1({ name: 'host', version: '1' })
    const transport = new TransportV1(url, { authProvider: provider })
    return {
      // The SDK's own transport class is not assignable to its interface under exactOptionalPropertyTypes.
      connect: () => client.connect(transport as Parameters<typeof client.connect>[0]),
      call: (name) => client.callTool({ name, arguments: {} }),
      finish: (callback) => transport.finishAuth(callback.get('code') ?? ''),
      close: () => client.close(),
    }
  },
  'SDK v2': openV2(),
  'SDK v2 on 2026-07-28': openV2({ versionNegotiation: { mode: { pin: '2026-07-28' } } }),
}

function openV2(options: object = {}): Open {
  return (url, { provider }) => {
    const client = new v2.Client({ name: 'host', version: '1' }, options)
    const transport = new v2.StreamableHTTPClientTransport(url, { authProvider: provider })
    return {
      connect: () => client.connect(transport),
      call: (name) => client.callTool({ name, arguments: {} }),
      finish: (callback) => transport.finishAuth(callback),
      close: () => client.close(),
    }
  }
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof v1.UnauthorizedError || error instanceof v2.UnauthorizedError
}

describe('the SDKs’ clients', { timeout: 120_000 }, () => {
  let house: House
  let pool: TestPool
  let server: Listening
  let rs: ResourceServer
  let url: URL
  let documentUrl: string
  const documents = createServer((_req, res) => {
    const metadata = { client_id: documentUrl, client_name: 'Host', redirect_uris: ['http://127.0.0.1/callback'] }
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify({ ...metadata, token_endpoint_auth_method: 'none' }))
  })

  before(async () => {
    house = await openHouse({ env: { POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS: 'true' } })
    pool = house.pool
    server = await listen()
    url = new URL(`http://127.0.0.1:${server.port}/mcp`)
    await pool.createResource({ identifier: url.href, scopes: [{ name: 'read' }, { name: 'delete' }] })
    rs = createResourceServer({
      resource: url.href,
      issuers: [{ issuer: pool.issuer }],
      requiredScopes: ['read'],
    })
    const express = apps['express'] ?? assert.fail()
    server.use(express(rs, { operations: protectOperations(rs, { tools: { delete: ['delete'] } }) }, createV2()))

    const { cert, key } = await ensureLocalTls({ dataDir: house.folder, hosts: [] })
    documents.setSecureContext({ cert: await readFile(cert), key: await readFile(key) })
    await trustAuthority(localTlsFiles(house.folder).authority)
    await new Promise<void>((resolve) => documents.listen(0, 'localhost', resolve))
    documentUrl = `https://localhost:${(documents.address() as AddressInfo).port}/client.json`
  })
  after(async () => {
    await new Promise<void>((resolve) => void documents.close(() => resolve()))
    rs.close()
    await server.close()
    await house.close()
  })

  /** Ada's part: she signs in where the client sent her, and her browser brings back the answer. */
  async function answerOf({ memory }: Host): Promise<URLSearchParams> {
    const landed = await pool.approve(memory.sentTo ?? assert.fail('nobody was sent anywhere'), house.ada)
    assert.equal(landed.origin + landed.pathname, redirectUrl)
    assert.equal(landed.searchParams.get('state'), state)
    return landed.searchParams
  }

  for (const [name, openClient] of Object.entries(open)) {
    for (const known of ['dynamic', 'metadata document']) {
      test(`${name}, ${known}: 401, sign-in, a tool, refresh, 403, step-up`, async (t) => {
        const host = createHost(known === 'dynamic' ? undefined : documentUrl)
        const { memory } = host
        const reopen = async (before?: Connection) => {
          await before?.close()
          const connection = openClient(url, host)
          t.after(() => connection.close())
          return connection
        }

        const first = await reopen()
        await assert.rejects(first.connect(), isUnauthorized)
        assert.equal(memory.sentTo?.searchParams.get('scope'), 'read')
        await first.finish(await answerOf(host))
        const { client_id: clientId = '' } = memory.client ?? {}
        if (known === 'dynamic') assert.equal(await registrationOf(house, clientId), 'dynamic')
        else assert.equal(clientId, documentUrl)
        assert.equal(memory.tokens?.scope, 'read')

        const second = await reopen(first)
        await second.connect()
        assert.ok(JSON.stringify(await second.call('read')).includes(house.ada.id))

        const { refresh_token: refreshToken } = memory.tokens ?? {}
        const saved = memory.saved
        Object.assign(memory.tokens ?? {}, { access_token: 'no.longer.good' })
        await second.call('read')
        assert.equal(memory.saved, saved + 1)
        assert.notEqual(memory.tokens?.refresh_token, refreshToken)
        assert.equal(memory.tokens?.scope, 'read')

        delete memory.sentTo
        // While it can refresh, v1 does that instead of asking the person, and gives up: hosts let go of the token first.
        if (name === 'SDK v1') delete memory.tokens?.refresh_token
        await assert.rejects(second.call('delete'), isUnauthorized)
        const wanted = memory.sentTo as URL | undefined
        assert.ok(wanted?.searchParams.get('scope')?.split(' ').includes('delete'))
        await second.finish(await answerOf(host))
        const third = await reopen(second)
        await third.connect()
        await third.call('delete')
        assert.deepEqual(memory.tokens?.scope?.split(' ').sort(), ['delete', 'read'])
      })
    }
  }
})
