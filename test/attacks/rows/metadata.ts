import assert from 'node:assert/strict'
import { signMetadata } from '@postern/resource-server'
import { createSigningKey, type FakeIssuer } from '@postern/resource-server/testing'
import { jwtVerify } from 'jose'
import type { Fixture } from '../fixture.ts'
import { metadataUrl, resource } from '../fixture.ts'
import type { Row } from '../row.ts'

const legacyPath = '/.well-known/oauth-authorization-server'
const metadataKey = createSigningKey('ES256')

function serverDocument({ issuer, jwksUri }: Pick<FakeIssuer, 'issuer' | 'jwksUri'>) {
  return { issuer, jwks_uri: jwksUri, token_endpoint: `${issuer}/token`, x_foo: { someCase: true } }
}

/** Made for other issuers than the fixture has, whose address is not known yet. */
async function signedMetadata(): Promise<unknown> {
  const options = { resource, issuers: [{ issuer: 'https://as1.example' }] }
  const key = metadataKey.privateKey.export({ format: 'jwk' })
  return (await signMetadata(options, { key, algorithm: 'ES256' })).metadata?.['signed_metadata']
}

const path = '/.well-known/oauth-protected-resource/mcp'
const poisons = ['evil.example', 'evil.example:1', 'a", error="x', "mcp.example'--"]

function ask({ send }: Fixture, method = 'GET', headers: Record<string, string> = {}, at = path) {
  return send({ method, path: at, headers })
}

/** F. Protected resource metadata (RFC 9728). */
export const metadata: readonly Row[] = [
  ...['x-forwarded-host', 'forwarded', 'x-forwarded-proto', 'x-original-url', 'x-rewrite-url'].flatMap((name): Row[] =>
    poisons.map((poison) => ({
      id: 'F2',
      what: `${name}: ${poison}`,
      async play(fixture) {
        const answer = await ask(fixture, 'GET', { [name]: poison })
        assert.equal(JSON.parse(answer.body).resource, resource)
        assert.ok(!JSON.stringify(answer).includes('evil'))
        await fixture.expect('C0', { headers: { [name]: poison } })
      },
    })),
  ),
  {
    id: 'F1',
    what: 'Host: evil.example',
    async play(fixture) {
      const answer = await ask(fixture, 'GET', { host: 'evil.example' })
      assert.equal(JSON.parse(answer.body).resource, resource)
      await fixture.expect('C0', { headers: { host: 'evil.example' } })
    },
  },
  {
    id: 'F4',
    what: 'at its place, and at the root only where that is asked for',
    async play(fixture) {
      assert.equal(fixture.rs.metadataUrl, metadataUrl)
      assert.equal((await ask(fixture)).status, 200)
      assert.equal((await ask(fixture, 'GET', {}, '/.well-known/oauth-protected-resource')).status, 404)
    },
  },
  {
    id: 'F4',
    what: 'at the root besides',
    setUp: { options: { rootMetadata: true } },
    async play(fixture) {
      assert.equal((await ask(fixture, 'GET', {}, '/.well-known/oauth-protected-resource')).status, 200)
      assert.equal((await ask(fixture)).status, 200)
    },
  },
  {
    id: 'F5',
    what: 'a resource at the root has no slash at its end',
    setUp: { options: { resource: 'https://mcp.example/' } },
    async play(fixture) {
      const answer = await ask(fixture, 'GET', {}, '/.well-known/oauth-protected-resource')
      assert.equal(JSON.parse(answer.body).resource, 'https://mcp.example')
    },
  },
  {
    id: 'F6',
    what: 'a query of the resource stays',
    setUp: { options: { resource: `${resource}?k=v` } },
    async play(fixture) {
      assert.equal(fixture.rs.metadataUrl, `${metadataUrl}?k=v`)
      const answer = await ask(fixture, 'GET', {}, `${path}?k=v`)
      assert.equal(JSON.parse(answer.body).resource, `${resource}?k=v`)
      assert.equal((await ask(fixture)).status, 404)
    },
  },
  {
    id: 'F8',
    what: 'another path below the well-known one',
    async play(fixture) {
      assert.equal((await ask(fixture, 'GET', {}, `${path}2`)).status, 404)
    },
    because: 'the application answers, not the kit: another resource of the same host may stand there',
  },
  {
    id: 'F10',
    what: 'a slash at its end: the same document',
    async play(fixture) {
      assert.equal((await ask(fixture, 'GET', {}, `${path}/`)).body, (await ask(fixture)).body)
    },
  },
  ...['POST', 'PUT', 'DELETE', 'PATCH'].map(
    (method): Row => ({
      id: 'F12',
      what: method,
      async play(fixture) {
        const answer = await ask(fixture, method)
        assert.deepEqual([answer.status, answer.headers['allow']], [405, 'GET, HEAD, OPTIONS'])
        assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
      },
    }),
  ),
  {
    id: 'F13',
    what: 'HEAD',
    async play(fixture) {
      const [head, get] = [await ask(fixture, 'HEAD'), await ask(fixture)]
      for (const name of ['content-type', 'content-length', 'etag', 'cache-control', 'access-control-allow-origin']) {
        assert.equal(head.headers[name], get.headers[name], name)
      }
      assert.equal(head.status, 200)
    },
  },
  {
    id: 'F14',
    what: 'a preflight',
    async play(fixture) {
      const { status, headers } = await ask(fixture, 'OPTIONS', {
        origin: 'https://app.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'mcp-protocol-version',
      })
      assert.equal(status, 204)
      assert.equal(headers['access-control-allow-origin'], '*')
      assert.equal(headers['access-control-allow-methods'], 'GET, HEAD')
      assert.match(headers['access-control-allow-headers'] ?? '', /MCP-Protocol-Version/)
      assert.ok(headers['vary'])
    },
  },
  {
    id: 'F19',
    what: 'further members as they are',
    setUp: { options: { metadata: { x_foo: { someCase: true, other_case: 1 } } } },
    async play(fixture) {
      assert.deepEqual(JSON.parse((await ask(fixture)).body).x_foo, { someCase: true, other_case: 1 })
    },
  },
  {
    id: 'F20',
    what: 'it may be kept, and asked for again by its tag',
    async play(fixture) {
      const { headers } = await ask(fixture)
      assert.equal(headers['cache-control'], 'public, max-age=3600')
      assert.equal((await ask(fixture, 'GET', { 'if-none-match': headers['etag'] ?? '' })).status, 304)
    },
  },
  {
    id: 'F25',
    what: "the authorization server's metadata is not served unless that is asked for",
    async play(fixture) {
      assert.equal((await ask(fixture, 'GET', {}, legacyPath)).status, 404)
    },
  },
  {
    id: 'F25',
    what: "the authorization server's metadata, as it is, for clients that look for it here",
    setUp: { options: ({ issuer }) => ({ legacyServerMetadata: serverDocument(issuer) }) },
    async play(fixture) {
      const { issuer, rs } = fixture
      for (const path of [legacyPath, `${legacyPath}/`]) {
        const answer = await ask(fixture, 'GET', { host: 'evil.example', 'x-forwarded-host': 'evil.example' }, path)
        assert.equal(answer.status, 200)
        assert.deepEqual(JSON.parse(answer.body), serverDocument(issuer))
        assert.equal(answer.headers['access-control-allow-origin'], '*')
      }
      assert.equal((await ask(fixture, 'POST', {}, legacyPath)).status, 405)
      assert.equal((await ask(fixture, 'GET', {}, `${legacyPath}/mcp`)).status, 404)
      const { authorization_servers } = JSON.parse((await ask(fixture)).body)
      assert.deepEqual(authorization_servers, [issuer.issuer], 'it stays where it is')
      assert.ok(rs.metadataUrl !== undefined)
    },
  },
  {
    id: 'F26',
    what: 'signed metadata: the signature verifies, the resource vouches for itself, and says what the document says',
    setUp: { options: { metadata: { signed_metadata: await signedMetadata() } } },
    async play(fixture) {
      const { signed_metadata, ...document } = JSON.parse((await ask(fixture)).body)
      const { payload } = await jwtVerify(signed_metadata, metadataKey.publicKey, {
        issuer: resource,
        algorithms: ['ES256'],
      })
      const { iss: _, iat: __, authorization_servers: ___, scopes_supported: ____, ...claims } = payload
      for (const [name, value] of Object.entries(claims)) assert.deepEqual(document[name], value, name)
      assert.equal(claims['resource'], resource)
    },
  },
  {
    id: 'G3',
    what: 'one sub from two issuers is two callers',
    setUp: {
      options: ({ issuer, stranger }) => ({ issuers: [{ issuer: issuer.issuer }, { issuer: stranger.issuer }] }),
    },
    async play({ issuer, stranger, expect, host }) {
      await expect('OK', issuer.mint())
      await expect('OK', stranger.mint())
      const [one, other] = host.callers.map(({ issuer: name, subject }) => JSON.stringify([name, subject]))
      assert.notEqual(one, other)
    },
  },
  {
    id: 'G1',
    what: 'a token of an issuer that this resource does not trust',
    attack: ({ stranger }) => stranger.mint(),
    expect: 'IT',
  },
  {
    id: 'G4',
    what: 'the audience of a sibling',
    attack: ({ issuer }) => issuer.mint({ aud: 'https://mcp.example/mcp/b' }),
    expect: 'IT',
  },
  {
    id: 'G5',
    what: 'two audiences',
    attack: ({ issuer }) => issuer.mint({ aud: [resource, 'https://mcp.example/b'] }),
    expect: 'OK',
  },
  {
    id: 'G5',
    what: 'two audiences where only ours may be',
    setUp: { rules: { exclusiveAudience: true } },
    attack: ({ issuer }) => issuer.mint({ aud: [resource, 'https://mcp.example/b'] }),
    expect: 'IT',
  },
  {
    id: 'G6',
    what: 'a resource claim instead of aud, by option',
    setUp: { rules: { audienceClaim: 'resource' } },
    attack: ({ issuer }) => issuer.mint({ aud: undefined, resource }),
    expect: 'OK',
  },
]
