import assert from 'node:assert/strict'
import { byHost, createResourceServer } from '@postern/resource-server'
import { brokenToken } from '@postern/resource-server/testing'
import { bearer, type Fixture, metadataUrl, resource, type SetUp } from '../fixture.ts'
import type { Row } from '../row.ts'

const app = 'https://app.example'
const local: SetUp = { options: { resource: 'http://localhost:3000/mcp' } }
const onePage: SetUp = { options: { allowedOrigins: [app] } }

/** The resource server of a second public origin, beside the fixture's. */
const otherResource = 'https://second.example/mcp'
const otherMetadata = 'https://second.example/.well-known/oauth-protected-resource/mcp'
const twoHosts: SetUp = {
  within: (rs, { issuer, clock }) =>
    byHost([rs, createResourceServer({ resource: otherResource, issuers: [{ issuer: issuer.issuer }], clock })]),
}

/** Over HTTP a Host header says where a request goes; a bare Request has it in its URL. */
function at(host: string, more: Record<string, string> = {}) {
  return { headers: { host, ...more } }
}

const client = 'x-client'
const limited: SetUp = {
  options: {
    failureLimit: { max: 10, window: 60, client: clientOf },
  },
}

/** What a deployment behind a proxy of its own would write: which header tells clients apart. */
function clientOf(source: unknown): string | undefined {
  if (source instanceof Request) return source.headers.get(client) ?? undefined
  if (typeof source !== 'object' || source === null || !('headers' in source)) return undefined
  const { headers } = source
  return typeof headers === 'object' && headers !== null ? Reflect.get(headers, client) : undefined
}

function from(name: string, token: string) {
  return bearer(token, { headers: { [client]: name } })
}

/** Bodies that parsers answer with 400, 413 and 415. */
const unparsable = [
  ['that is no JSON', 'application/json', '{"jsonrpc": broken'],
  ['above the limit of a parser', 'application/json', JSON.stringify('a'.repeat(200 * 1024))],
  ['in a charset of nobody', 'application/json; charset=x-none', '{}'],
] as const

/** K11, K12, K17–K19 and F3: what is decided before anybody looks at the credential. */
export const entrance: readonly Row[] = [
  ...['https://evil.example', 'null', 'https://app.example.evil.example', 'http://app.example', `${app}:8443`].map(
    (origin): Row => ({
      id: 'K11',
      what: `Origin: ${origin}, with a good token`,
      setUp: onePage,
      async play({ issuer, expect, events }) {
        const answer = await expect('PD', bearer(issuer.mint(), { headers: { origin } }))
        assert.equal(answer.headers['access-control-allow-origin'], undefined)
        assert.equal(events.at(-1)?.reason, 'origin_not_allowed')
        await expect('PD', { headers: { origin } })
      },
    }),
  ),
  {
    id: 'K11',
    what: 'a preflight from another page is no permission',
    setUp: onePage,
    async play({ send }) {
      const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
      const answer = await send({ method: 'OPTIONS', headers })
      assert.equal(answer.status, 403)
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
      assert.equal((await send({ method: 'OPTIONS', headers: { ...headers, origin: app } })).status, 204)
    },
  },
  {
    id: 'K11',
    what: 'the page that may, and who is no page at all',
    setUp: onePage,
    async play({ issuer, expect }) {
      await expect('OK', bearer(issuer.mint(), { headers: { origin: app } }))
      await expect('OK', issuer.mint())
      await expect('C0', { headers: { origin: app } })
    },
  },
  {
    id: 'K11',
    what: 'without the option any page may, for the token is the credential and no cookie counts',
    attack: ({ issuer }) => bearer(issuer.mint(), { headers: { origin: 'https://evil.example' } }),
    expect: 'OK',
    because:
      'a page has no token unless its user gave it one, and rebinding does not give it any; who wants the list names it',
  },
  ...['evil.example', 'evil.example:80', 'mcp.example.evil.example', 'mcp.example:8443', '127.0.0.1'].map(
    (host): Row => ({
      id: 'K12',
      what: `Host: ${host}`,
      setUp: { options: { allowedHosts: ['mcp.example:443', 'localhost'] } },
      async play({ issuer, expect }) {
        await expect('PD', bearer(issuer.mint(), at(host)))
        await expect('PD', at(host))
      },
    }),
  ),
  {
    id: 'K12',
    what: 'the hosts that may be named, in any case and with any port where none is given',
    setUp: { options: { allowedHosts: ['mcp.example', 'LOCALHOST:8080'] } },
    async play({ issuer, expect }) {
      for (const host of ['mcp.example', 'MCP.example:1234']) await expect('OK', bearer(issuer.mint(), at(host)))
    },
  },
  ...['evil.example', 'evil.example:3000', 'localhost.evil.example', '10.0.0.1', '127.0.0.1.nip.io'].map(
    (host): Row => ({
      id: 'K12',
      what: `Host: ${host} at a resource of this machine, without any option`,
      setUp: local,
      async play({ expect, events }) {
        await expect('PD', at(host))
        assert.equal(events.at(-1)?.reason, 'origin_not_allowed')
      },
    }),
  ),
  {
    id: 'K12',
    what: 'names of this machine at a resource of this machine',
    setUp: local,
    async play({ send }) {
      for (const host of ['localhost', 'LOCALHOST:3000', '127.0.0.1:3000', '[::1]:3000', 'app.localhost']) {
        assert.equal((await send(at(host))).status, 401, host)
      }
    },
  },
  {
    id: 'K12',
    what: 'any name at a resource of this machine, where that is said',
    setUp: { options: { resource: 'http://localhost:3000/mcp', allowedHosts: 'any' } },
    async play({ send }) {
      assert.equal((await send(at('host.docker.internal:3000'))).status, 401)
    },
  },
  ...unparsable.flatMap(([what, type, body]): Row[] => [
    {
      id: 'K17',
      what: `no token, and a body ${what}: the token comes first`,
      attack: () => ({ headers: { 'content-type': type }, body }),
      expect: 'C0',
    },
    {
      id: 'K17',
      what: `a dead token, and a body ${what}`,
      attack: ({ issuer }) => bearer(brokenToken(issuer, 'expired'), { headers: { 'content-type': type }, body }),
      expect: 'IT',
    },
  ]),
  {
    id: 'K18',
    what: 'a thousand bad tokens of one client: 429 with Retry-After, until the window is over',
    setUp: limited,
    async play({ issuer, expect, send, clock, events }) {
      const bad = brokenToken(issuer, 'signed-by-stranger')
      for (let count = 0; count < 10; count += 1) await expect('IT', from('mallory', bad))
      const answers = await Promise.all(Array.from({ length: 50 }, () => send(from('mallory', bad))))
      assert.ok(answers.every(({ status }) => status === 429))
      const answer = await expect('TM', from('mallory', bad))
      assert.equal(answer.headers['retry-after'], '60')
      assert.equal(events.at(-1)?.reason, 'throttled')
      clock.advance(59_999)
      await expect('TM', from('mallory', bad))
      clock.advance(1)
      await expect('IT', from('mallory', bad))
    },
  },
  {
    id: 'K18',
    what: 'no token, too few scopes and good tokens are not counted',
    setUp: limited,
    async play({ issuer, expect }) {
      const token = issuer.mint()
      for (let count = 0; count < 15; count += 1) {
        await expect('C0', { headers: { [client]: 'alice' } })
        await expect('IS', from('alice', issuer.mint({ scope: 'other' })))
        await expect('OK', from('alice', token))
      }
    },
  },
  {
    id: 'K18',
    what: 'by default a client is the address at the other end, whatever headers say',
    setUp: { options: { failureLimit: { max: 3, window: 60 } } },
    async play({ issuer, send, host }) {
      const statuses: number[] = []
      for (let count = 0; count < 5; count += 1) {
        const spoofed = {
          'x-forwarded-for': `10.0.0.${count}`,
          forwarded: `for=10.0.0.${count}`,
          'x-real-ip': `10.0.0.${count}`,
        }
        statuses.push((await send(bearer(brokenToken(issuer, 'expired'), { headers: spoofed }))).status)
      }
      // Where no address is known nothing is counted unless `client` tells: one count for all would shut out all.
      assert.deepEqual(statuses, host.seesPeers ? [401, 401, 401, 429, 429] : [401, 401, 401, 401, 401])
      const good = await send(issuer.mint())
      assert.equal(good.status, host.seesPeers ? 429 : 200)
    },
  },
  {
    id: 'K19',
    what: 'somebody else is not affected',
    setUp: limited,
    async play({ issuer, expect }) {
      for (let count = 0; count < 20; count += 1) {
        await expect(count < 10 ? 'IT' : 'TM', from('mallory', brokenToken(issuer, 'signed-by-stranger')))
      }
      await expect('OK', from('alice', issuer.mint()))
      await expect('OK', issuer.mint())
    },
  },
  {
    id: 'F3',
    what: 'two public origins: each host has its own resource, challenge and metadata',
    setUp: twoHosts,
    async play(fixture: Fixture) {
      const { issuer, send } = fixture
      for (const [host, own, metadata] of [
        ['mcp.example', resource, metadataUrl],
        ['second.example:443', otherResource, otherMetadata],
      ] as const) {
        const other = own === resource ? otherResource : resource
        assert.equal((await send(bearer(issuer.mint({ aud: own }), at(host)))).status, 200)
        const refused = await send(bearer(issuer.mint({ aud: other }), at(host)))
        assert.equal(refused.status, 401)
        assert.ok(refused.headers['www-authenticate']?.includes(`resource_metadata="${metadata}"`))
        const document = await send({ method: 'GET', path: new URL(metadata).pathname, ...at(host) })
        assert.equal(JSON.parse(document.body).resource, own)
      }
    },
  },
  ...['evil.example', 'mcp.example:8443', 'mcp.example.evil.example'].map(
    (host): Row => ({
      id: 'F3',
      what: `two public origins, and ${host}, which is neither`,
      setUp: twoHosts,
      async play({ issuer, expect, send }) {
        await expect('MD', bearer(issuer.mint(), at(host)))
        await expect('MD', at(host))
        const path = '/.well-known/oauth-protected-resource/mcp'
        assert.equal((await send({ method: 'GET', path, ...at(host) })).status, 421)
      },
    }),
  ),
]
