import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetadata, type MetadataSettings, type Publish } from './metadata.ts'
import type { Reply } from './reply.ts'

const settings: MetadataSettings = {
  resource: 'https://mcp.example/mcp',
  resourceName: 'Tools',
  issuers: ['https://as.example'],
  scopes: ['read'],
  atRoot: false,
  more: {},
}

function ask(publish: Publish, url: string, method = 'GET', headers: Record<string, string> = {}): Reply | undefined {
  return publish({ method, url, header: (name) => headers[name] })
}

const path = '/.well-known/oauth-protected-resource/mcp'
const publish = createMetadata(settings)

test('the document names what clients need', () => {
  const reply = ask(publish, path)
  assert.equal(reply?.status, 200)
  assert.equal(reply.headers['content-type'], 'application/json')
  assert.deepEqual(JSON.parse(reply.body ?? ''), {
    resource: 'https://mcp.example/mcp',
    authorization_servers: ['https://as.example'],
    scopes_supported: ['read'],
    bearer_methods_supported: ['header'],
    resource_name: 'Tools',
  })
})

test('it stands at its own place only, one slash aside, and whatever the host', () => {
  for (const url of [path, `${path}/`, `${path}?x=1`, `https://evil.example${path}`]) {
    assert.equal(ask(publish, url)?.status, 200, url)
  }
  for (const url of [
    '/mcp',
    '/.well-known/oauth-protected-resource',
    `${path}2`,
    `${path}/x`,
    `/x${path}`,
    path.toUpperCase(),
  ]) {
    assert.equal(ask(publish, url), undefined, url)
  }
})

test('with rootMetadata it stands at the root too', () => {
  const both = createMetadata({ ...settings, atRoot: true })
  assert.equal(ask(both, '/.well-known/oauth-protected-resource')?.status, 200)
  assert.equal(ask(both, path)?.status, 200)
})

test('a resource at the root has its document there, without a slash in its name', () => {
  const root = createMetadata({ ...settings, resource: 'https://mcp.example' })
  const reply = ask(root, '/.well-known/oauth-protected-resource')
  assert.equal(JSON.parse(reply?.body ?? '').resource, 'https://mcp.example')
})

test('a resource with a query has its document under just that query', () => {
  const tenant = createMetadata({ ...settings, resource: 'https://mcp.example/mcp?tenant=a' })
  assert.equal(ask(tenant, `${path}?tenant=a`)?.status, 200)
  assert.equal(ask(tenant, `${path}?tenant=b`), undefined)
  assert.equal(ask(tenant, path), undefined)
})

test('HEAD like GET, a preflight, and nothing else', () => {
  const get = ask(publish, path)
  assert.deepEqual(ask(publish, path, 'HEAD'), get)
  const preflight = ask(publish, path, 'OPTIONS')
  assert.equal(preflight?.status, 204)
  assert.equal(preflight.headers['access-control-allow-methods'], 'GET, HEAD')
  assert.match(preflight.headers['access-control-allow-headers'] ?? '', /MCP-Protocol-Version/)
  assert.ok(preflight.headers['vary'])
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const reply = ask(publish, path, method)
    assert.equal(reply?.status, 405)
    assert.equal(reply.headers['allow'], 'GET, HEAD, OPTIONS')
    assert.equal(reply.headers['content-type'], 'application/json')
  }
})

test('every answer may be read by any page', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
    assert.equal(ask(publish, path, method)?.headers['access-control-allow-origin'], '*')
  }
})

test('clients may keep it for an hour and ask whether it changed', () => {
  const first = ask(publish, path)
  const etag = first?.headers['etag'] ?? ''
  assert.match(etag, /^"[0-9a-f]{16}"$/)
  assert.equal(first?.headers['cache-control'], 'public, max-age=3600')
  for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const again = ask(publish, path, 'GET', { 'if-none-match': tag })
    assert.deepEqual([again?.status, again?.body], [304, undefined])
  }
  assert.equal(ask(publish, path, 'GET', { 'if-none-match': '"x"' })?.status, 200)
  const other = ask(createMetadata({ ...settings, scopes: ['write'] }), path)
  assert.notEqual(other?.headers['etag'], etag)
})

test('more members pass through as they are; without scopes none are named', () => {
  const document = JSON.parse(
    ask(createMetadata({ ...settings, scopes: [], more: { x_fooBar: { a_b: 1 } } }), path)?.body ?? '',
  )
  assert.deepEqual(document.x_fooBar, { a_b: 1 })
  assert.ok(!('scopes_supported' in document))
})
