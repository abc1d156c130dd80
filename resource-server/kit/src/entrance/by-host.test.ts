import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { guard } from '../adapters/node.ts'
import { ConfigError } from '../options/config-error.ts'
import type { InboundRequest } from '../request.ts'
import { createResourceServer, type ResourceServer } from '../resource-server.ts'
import { createFakeIssuer, type FakeIssuer } from '../testing/index.ts'
import { byHost } from './by-host.ts'

const one = 'https://one.example/mcp'
const two = 'https://two.example:8443/mcp'

async function withServers(
  use: (joined: ResourceServer, servers: readonly ResourceServer[], issuer: FakeIssuer) => Promise<void>,
): Promise<void> {
  const issuer = await createFakeIssuer({ audience: one })
  const servers = [one, two].map((resource) =>
    createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }], requiredScopes: ['read'] }),
  )
  try {
    await use(byHost(servers), servers, issuer)
  } finally {
    for (const server of servers) server.close()
    await issuer.close()
  }
}

function request(host: string | undefined, { token, url = '/mcp' }: { token?: string; url?: string } = {}) {
  const headers: Readonly<Record<string, string | undefined>> = {
    host,
    authorization: token === undefined ? undefined : `Bearer ${token}`,
  }
  return { method: 'GET', url, header: (name) => headers[name] } satisfies InboundRequest
}

test('each request is decided by the resource server of its host', async () => {
  await withServers(async (joined, _, issuer) => {
    const decide = joined.gate()
    for (const [host, ours, other, place] of [
      ['one.example', one, two, 'https://one.example/'],
      ['one.example:443', one, two, 'https://one.example/'],
      ['ONE.example', one, two, 'https://one.example/'],
      ['two.example:8443', two, one, 'https://two.example:8443/'],
    ] as const) {
      const { auth } = await decide(request(host, { token: issuer.mint({ aud: ours }) }))
      assert.equal(auth?.resource.href, ours, host)
      const refused = await decide(request(host, { token: issuer.mint({ aud: other }) }))
      assert.equal(refused.reply?.status, 401, host)
      const { reply } = await decide(request(host))
      assert.ok(reply?.headers['www-authenticate']?.includes(`resource_metadata="${place}.well-known/`), host)
    }
  })
})

test('a host of nobody is answered 421, whatever comes with it, and none of its text with the answer', async () => {
  await withServers(async (joined, _, issuer) => {
    const decide = joined.gate()
    const token = issuer.mint({ aud: one })
    for (const host of ['evil.example', 'two.example', 'two.example:443', 'one.example:8443', 'a b', '', undefined]) {
      const { auth, reply } = await decide(request(host, { token }))
      assert.equal(auth, undefined)
      assert.equal(reply?.status, 421)
      assert.equal(reply?.headers['www-authenticate'], undefined)
      assert.ok(!JSON.stringify(reply).includes('example'))
    }
    // A whole URL and a Host header, both the client's, that do not agree.
    const both = request('one.example', { token, url: 'https://evil.example/mcp' })
    const { reply } = await decide({ ...both, rawHeaders: ['Host', 'one.example'] })
    assert.equal(reply?.status, 421)
  })
})

test('the metadata are those of the host; paths of no metadata are nobody’s business', async () => {
  await withServers(async (joined) => {
    const url = '/.well-known/oauth-protected-resource/mcp'
    const resourceAt = (host: string) => JSON.parse(joined.publish(request(host, { url }))?.body ?? '{}').resource
    assert.equal(resourceAt('one.example'), one)
    assert.equal(resourceAt('two.example:8443'), two)
    assert.equal(joined.publish(request('evil.example', { url }))?.status, 421)
    assert.equal(joined.publish(request('evil.example')), undefined)
    assert.equal(joined.publish(request('one.example')), undefined)
    const response = joined.metadata(new Request(`https://two.example:8443${url}`))
    assert.ok(response !== undefined)
    assert.equal((await response.json()).resource, two)
    assert.equal(joined.metadata(new Request('https://one.example/other')), undefined)
  })
})

test('fetch requests, with and without scopes of the route', async () => {
  await withServers(async (joined, _, issuer) => {
    const ask = (url: string, aud: string) =>
      new Request(url, { headers: { authorization: `Bearer ${issuer.mint({ aud, scope: 'read' })}` } })
    const known = await joined.authenticate(ask(two, two))
    assert.ok(!(known instanceof Response) && known.resource.href === two)
    const refused = await joined.authenticate(ask(two, two), { scopes: ['write'] })
    assert.ok(refused instanceof Response && refused.status === 403)
    const headers = { authorization: `Bearer ${issuer.mint({ aud: one, scope: 'read' })}`, host: 'one.example' }
    for (const [url, isIn] of [
      ['http://0.0.0.0:3000/mcp', true],
      ['http://one.example/mcp', true],
      // The handler might take this one for the other server's.
      [two, false],
    ] as const) {
      const answer = await joined.authenticate(new Request(url, { headers }))
      assert.equal(answer instanceof Response ? answer.status : 200, isIn ? 200 : 421, url)
    }
    const lost = await joined.authenticate(ask('https://evil.example/mcp', one))
    assert.ok(lost instanceof Response && lost.status === 421)
  })
})

test('it stands for a resource server: guards, remaining, check, reload, close', async () => {
  await withServers(async (joined, servers, issuer) => {
    const check = guard(joined)
    const server = createServer((req, res) => check(req, res, () => res.end('in')))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      // The address that it is reached at is none of the hosts.
      const answer = await fetch(`http://127.0.0.1:${port}/mcp`)
      assert.equal(answer.status, 421)
      await answer.arrayBuffer()
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
    for (const work of [joined.check, joined.reload]) {
      assert.deepEqual(await work(), [{ issuer: issuer.issuer }, { issuer: issuer.issuer }])
    }
    joined.close()
    const token = issuer.mint({ aud: two })
    for (const one of servers)
      assert.equal((await one.gate()(request('two.example:8443', { token }))).reply?.status, 503)
  })
})

test('how long a caller may go on is said by the resource server that let it in', async () => {
  const clock = createTestClock()
  const issuer = await createFakeIssuer({ audience: one, clock })
  const tolerances = [0, 100]
  const servers = [one, two].map((resource, index) =>
    createResourceServer({
      resource,
      issuers: [{ issuer: issuer.issuer }],
      clock,
      clockTolerance: tolerances[index] ?? 0,
    }),
  )
  const joined = byHost(servers)
  try {
    const decide = joined.gate()
    for (const [host, aud, tolerance] of [
      ['one.example', one, 0],
      ['two.example:8443', two, 100],
    ] as const) {
      const exp = Math.floor(clock.now() / 1000) + 60
      const { auth } = await decide(request(host, { token: issuer.mint({ aud, exp }) }))
      assert.ok(auth !== undefined)
      assert.equal(joined.remaining(auth), (exp + tolerance) * 1000 - clock.now())
    }
  } finally {
    joined.close()
    await issuer.close()
  }
})

test('what a caller lacks is said by the resource server that let it in, for the others may ask for more', () => {
  const scopesOf = { [one]: ['read'], [two]: ['read', 'second'] }
  const servers = Object.entries(scopesOf).map(([resource, requiredScopes]) =>
    createResourceServer({ resource, issuers: [{ issuer: 'https://as.example' }], requiredScopes }),
  )
  const joined = byHost(servers)
  const caller = (resource: string, ...scopes: string[]) => ({ scopes, resource: new URL(resource) })
  assert.equal(joined.stepUp(caller(one, 'read', 'write'), [['write']]), undefined)
  assert.deepEqual(joined.stepUp(caller(two, 'read', 'write'), [['write']]), ['read', 'second', 'write'])
  assert.deepEqual(joined.stepUp(caller(one, 'read'), [['write']]), ['read', 'write'])
  assert.deepEqual(joined.stepUp(undefined, [['write']]), ['read', 'write'])
  joined.close()
})

test('no servers, or two of one host, are a mistake that is named', () => {
  const make = (resource: string) => createResourceServer({ resource, issuers: [{ issuer: 'https://as.example' }] })
  const isNamed = (error: unknown) => error instanceof ConfigError && error.option === 'servers'
  assert.throws(() => byHost([]), isNamed)
  assert.throws(() => byHost([make(one), make('https://one.example/other')]), isNamed)
})

test('there is no verifier of tokens alone, which would take those of one host at every other', async () => {
  await withServers(async (joined, servers, issuer) => {
    assert.throws(() => joined.verifier, TypeError)
    const { audience } = (await servers[0]?.verifier.verifyAccessToken(issuer.mint())) ?? {}
    assert.deepEqual(audience, [one])
  })
})
