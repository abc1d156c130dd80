import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalResource, sameResource } from './url.ts'
import {
  issuerFromDiscoveryUrl,
  issuerMetadataUrls,
  protectedResourceMetadataUrl,
  resourceFromMetadataUrl,
} from './well-known.ts'

test('F4, F5, F6: the metadata of a resource lies between host and path', () => {
  const cases = {
    'https://mcp.example/mcp': 'https://mcp.example/.well-known/oauth-protected-resource/mcp',
    'https://MCP.example:443/mcp': 'https://mcp.example/.well-known/oauth-protected-resource/mcp',
    'https://mcp.example': 'https://mcp.example/.well-known/oauth-protected-resource',
    'https://mcp.example/': 'https://mcp.example/.well-known/oauth-protected-resource',
    'https://mcp.example/a/b/': 'https://mcp.example/.well-known/oauth-protected-resource/a/b/',
    'https://h.example/mcp?k=v': 'https://h.example/.well-known/oauth-protected-resource/mcp?k=v',
    'https://h.example/?k=v': 'https://h.example/.well-known/oauth-protected-resource?k=v',
    'http://localhost:4701/mcp': 'http://localhost:4701/.well-known/oauth-protected-resource/mcp',
  }
  for (const [resource, url] of Object.entries(cases)) {
    assert.equal(protectedResourceMetadataUrl(resource), url)
    assert.equal(resourceFromMetadataUrl(url), canonicalResource(resource))
  }
})

test('what has no such place is refused', () => {
  for (const resource of ['urn:example:reports', 'http://mcp.example/mcp', 'nonsense', 'https://h.example/mcp#f']) {
    assert.throws(() => protectedResourceMetadataUrl(resource), TypeError, resource)
  }
  for (const url of [
    'https://h.example/mcp',
    'https://h.example/.well-known/oauth-protected-resourceful',
    'https://h.example/x/.well-known/oauth-protected-resource',
    'nonsense',
    'http://h.example/.well-known/oauth-protected-resource',
    'https://h.example/.well-known/oauth-protected-resource/mcp#f',
  ]) {
    assert.equal(resourceFromMetadataUrl(url), undefined, url)
  }
  for (const issuer of ['nonsense', 'https://as.example?x', 'http://as.example'])
    assert.throws(() => issuerMetadataUrls(issuer), TypeError)
})

test('E20: the metadata of an issuer, in the order of MCP', () => {
  assert.deepEqual(issuerMetadataUrls('https://as2.example/t'), [
    'https://as2.example/.well-known/oauth-authorization-server/t',
    'https://as2.example/.well-known/openid-configuration/t',
    'https://as2.example/t/.well-known/openid-configuration',
  ])
  assert.deepEqual(issuerMetadataUrls('https://as2.example/t/'), issuerMetadataUrls('https://as2.example/t'))
  for (const root of ['https://as1.example', 'https://as1.example/']) {
    assert.deepEqual(issuerMetadataUrls(root), [
      'https://as1.example/.well-known/oauth-authorization-server',
      'https://as1.example/.well-known/openid-configuration',
    ])
  }
})

test('no discovery URL, no issuer', () => {
  for (const url of [
    '',
    'https://as.example',
    'https://as.example/t',
    'https://as.example/.well-known/openid-configuration?x',
    'https://as.example/.well-known/openid-configuration#x',
    'https://as.example/.well-known/openid-configurations',
    'https://as.example/.well-known/openid-configuration/',
    'https://as.example/t//.well-known/openid-configuration',
    'https://as.example/t/.well-known/oauth-authorization-server',
    'http://as.example/.well-known/openid-configuration',
    'https://u:p@as.example/.well-known/openid-configuration',
    'https://as.example/.well-known/openid-configuration/.well-known/openid-configuration',
    'ftp://as.example/.well-known/openid-configuration',
  ]) {
    assert.equal(issuerFromDiscoveryUrl(url), undefined, url)
  }
})

const origin = fc.constantFrom(
  'https://h.example',
  'http://localhost:4700',
  'http://[::1]:8080',
  'https://H.example:8443',
)
const path = fc
  .array(fc.string({ unit: fc.constantFrom(...'abcXYZ019-_~'), minLength: 1, maxLength: 6 }), { maxLength: 3 })
  .map((segments) => segments.map((each) => `/${each}`).join(''))

test('each metadata URL of an issuer leads back to it, all of them differ, and none is an issuer', () => {
  fc.assert(
    fc.property(origin, path, (host, rest) => {
      const urls = issuerMetadataUrls(host + rest)
      assert.equal(new Set(urls).size, rest === '' ? 2 : 3)
      for (const url of urls) {
        assert.equal(issuerFromDiscoveryUrl(url), host + rest)
        assert.throws(() => issuerMetadataUrls(url), TypeError)
      }
    }),
  )
})

test('the metadata URL of a resource leads back to it', () => {
  fc.assert(
    fc.property(origin, path, fc.constantFrom('', '/', '?k=v', '/?k=v'), (host, rest, end) => {
      const resource = resourceFromMetadataUrl(protectedResourceMetadataUrl(host + rest + end))
      assert.equal(resource, canonicalResource(host + rest + end))
      assert.ok(resource !== undefined && sameResource(resource, host + rest + end))
    }),
  )
})
