import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigningKey } from '../testing/signing.ts'
import { ConfigError } from './config-error.ts'
import { readOptions } from './read-options.ts'
import type { ResourceServerOptions } from './types.ts'

const good = { resource: 'https://mcp.example/mcp', issuers: [{ issuer: 'https://as.example' }] }

/** What a program without types might pass. */
function read(options: unknown): ReturnType<typeof readOptions> {
  return Reflect.apply(readOptions, undefined, [options])
}

function refused(option: string, options: unknown, mend: RegExp = /./): void {
  assert.throws(
    () => read(options),
    (error) => {
      assert.ok(error instanceof ConfigError, String(error))
      assert.equal(error.option, option)
      assert.match(error.message, mend)
      assert.ok(error.message.startsWith(`${option}: `))
      return true
    },
    option,
  )
}

function refusedIssuer(option: string, more: object, mend?: RegExp): void {
  refused(option, { ...good, issuers: [{ ...good.issuers[0], ...more }] }, mend)
}

test('two options are enough', () => {
  const settings = read(good)
  assert.equal(settings.resource, 'https://mcp.example/mcp')
  assert.equal(settings.metadataUrl, 'https://mcp.example/.well-known/oauth-protected-resource/mcp')
  assert.equal(settings.resourceName, settings.resource)
  assert.deepEqual(settings.requiredScopes, [])
  assert.equal(settings.clockTolerance, 5)
  assert.equal(settings.cors, true)
  const [issuer] = settings.issuers
  assert.deepEqual([...(issuer?.audiences ?? [])], ['https://mcp.example/mcp'])
  assert.ok(!issuer?.algorithms.has('HS256'))
  assert.deepEqual(settings.warnings, [])
})

test('an unknown option names itself and what was meant, at every level', () => {
  refused('requiredScope', { ...good, requiredScope: ['a'] }, /did you mean requiredScopes\?/)
  refused('banana', { ...good, banana: 1 }, /known are resource, /)
  refusedIssuer('issuers[0].jwksUrl', { jwksUrl: 'https://as.example/jwks' }, /did you mean jwksUri\?/)
  refused('keys.timeoutMs', { ...good, keys: { timeoutMs: 1 } }, /did you mean timeout\?/)
  refused('cache.max', { ...good, cache: { max: 1 } })
  refused(
    'verify.allowNonExpiry',
    { ...good, verify: { token: () => undefined, allowNonExpiry: true } },
    /allowNonExpiring/,
  )
  refused('requiredScopes.anyof', { ...good, requiredScopes: { anyof: ['a'] } }, /anyOf/)
})

test('who gives an option in the wrong place, or a value of the wrong kind, is told what belongs there', () => {
  refused('audience', { ...good, audience: good.resource }, /belongs into an entry of issuers/)
  refused('scopes', { ...good, scopes: ['read'] }, /did you mean requiredScopes\?/)
  refused('issuers[0]', { ...good, issuers: ['https://as.example'] }, /must be an object; known are issuer, /)
  refused('resource', { ...good, resource: new URL(good.resource) }, /href/)
  refused('dpop', { ...good, dpop: true }, /must be an object; known are mode, /)
  refused('allowedOrigins[0]', { ...good, allowedOrigins: ['*'] }, /remove allowedOrigins/)
  refused('allowedHosts[0]', { ...good, allowedHosts: ['*'] }, /'any'/)
})

test('the resource is an https URL without fragment, credentials or .well-known', () => {
  for (const resource of [
    'not a url',
    '/mcp',
    'http://mcp.example/mcp',
    'https://mcp.example/mcp#a',
    'https://u:p@mcp.example/mcp',
    'https://mcp.example/.well-known/x',
    'javascript:alert(1)',
    'urn:example:mcp',
    '',
    undefined,
    7,
  ]) {
    refused('resource', { ...good, resource })
  }
  assert.equal(read({ ...good, resource: 'http://localhost:3000/mcp' }).resource, 'http://localhost:3000/mcp')
  assert.equal(read({ ...good, resource: 'HTTPS://MCP.example:443/' }).resource, 'https://mcp.example')
})

test('the bare origin as resource is accepted as audience in both spellings', () => {
  const settings = read({ ...good, resource: 'https://mcp.example' })
  assert.deepEqual([...(settings.issuers[0]?.audiences ?? [])], ['https://mcp.example', 'https://mcp.example/'])
})

test('issuers are https URLs without query and fragment, at least one, none twice', () => {
  for (const issuer of [
    'javascript:alert(1)',
    'http://as.example',
    'https://as.example?a',
    'https://as.example#a',
    '',
    undefined,
  ]) {
    refusedIssuer('issuers[0].issuer', { issuer })
  }
  refused('issuers', { resource: good.resource })
  refused('issuers', { resource: good.resource, issuers: [] }, /at least one issuer/)
  refused('issuers', { ...good, issuers: {} })
  refused('issuers[0]', { ...good, issuers: ['https://as.example'] })
  refused('issuers[1].issuer', { ...good, issuers: [good.issuers[0], good.issuers[0]] }, /twice/)
})

test('keys alone or a verifier alone need no issuer, and then there is no metadata', () => {
  assert.equal(read({ resource: good.resource, apiKeys: [] }).metadataUrl, undefined)
  assert.equal(read({ resource: good.resource, verify: () => undefined }).metadataUrl, undefined)
})

test('keys come from one safe place', () => {
  for (const jwksUri of [
    'http://as.example/jwks',
    'ftp://as.example',
    'https://u:p@as.example/jwks',
    'https://as.example/jwks#a',
    'jwks',
    '',
  ]) {
    refusedIssuer('issuers[0].jwksUri', { jwksUri })
    refusedIssuer('issuers[0].discoveryUrl', { discoveryUrl: jwksUri })
  }
  refusedIssuer('issuers[0]', { jwksUri: 'https://as.example/jwks', jwks: { keys: [] } }, /keep one/)
  refusedIssuer('issuers[0].jwks', { jwks: {} })
  refusedIssuer('issuers[0].jwks', { jwks: { keys: [] } }, /no public key/)
  refusedIssuer('issuers[0].jwks', { jwks: { keys: [createSigningKey('ES256').privateKey.export({ format: 'jwk' })] } })
})

test('algorithms are asymmetric and known', () => {
  refusedIssuer('issuers[0].algorithms[1]', { algorithms: ['ES256', 'HS256'] }, /symmetric/)
  for (const algorithm of ['none', 'ES256K', 'RS1', 'ML-DSA-44', 'rs256']) {
    refusedIssuer('issuers[0].algorithms[0]', { algorithms: [algorithm] }, /not supported/)
  }
  refusedIssuer('issuers[0].algorithms', { algorithms: [] })
  refusedIssuer('issuers[0].algorithms', { algorithms: 'ES256' })
})

test('rules on tokens are checked at the start', () => {
  refusedIssuer('issuers[0].audience', { audience: [] })
  refusedIssuer('issuers[0].audience[0]', { audience: [''] })
  refusedIssuer('issuers[0].audience', { audience: '' })
  refusedIssuer('issuers[0].audienceMatch', { audienceMatch: 'prefix' }, /'exact' or 'canonical'/)
  refusedIssuer('issuers[0].profile', { profile: 'strict' })
  refusedIssuer('issuers[0].allowedClients', { allowedClients: [] }, /remove it/)
  refusedIssuer('issuers[0].claims.tid', { claims: { tid: { equals: 'a' } } })
  refusedIssuer('issuers[0].claims.tid', { claims: { tid: [] } })
  refusedIssuer('issuers[0].claims.level', { claims: { level: Number.NaN } })
  refusedIssuer('issuers[0].claims', { claims: [] })
  refusedIssuer('issuers[0].allowMissingClaims[0]', { allowMissingClaims: ['exp'] }, /cannot be done without/)
  refusedIssuer('issuers[0].maxTokenLifetime', { maxTokenLifetime: 0 })
  refusedIssuer('issuers[0].acceptClientIdAudience', { acceptClientIdAudience: 'yes' })
})

test('scopes are single tokens', () => {
  refused('requiredScopes[0]', { ...good, requiredScopes: ['read write'] })
  refused('requiredScopes[1]', { ...good, requiredScopes: ['read', 'a"b'] })
  refused('requiredScopes', { ...good, requiredScopes: 'read' }, /list of scopes.+anyOf/)
  refused('requiredScopes.anyOf', { ...good, requiredScopes: { anyOf: [] } })
  refused('scopeHierarchy.admin', { ...good, scopeHierarchy: { admin: 'read' } })
  refused('scopeHierarchy.a b', { ...good, scopeHierarchy: { 'a b': ['read'] } })
  refused('scopesSupported[0]', { ...good, scopesSupported: [''] })
})

test('API keys are hashes with names, none twice', () => {
  const hash = 'a'.repeat(43)
  const key = { id: 'k1', name: 'one', hash }
  refused('apiKeys[0].hash', { ...good, apiKeys: [{ ...key, hash: '' }] }, /not the key itself/)
  refused('apiKeys[0].hash', { ...good, apiKeys: [{ ...key, hash: `pst_${hash}` }] })
  refused('apiKeys[0].key', { ...good, apiKeys: [{ ...key, key: 'secret' }] })
  refused('apiKeys[0]', { ...good, apiKeys: [{ ...key, scopes: ['a b'] }] })
  refused('apiKeys[0]', { ...good, apiKeys: [{ ...key, id: '' }] })
  refused('apiKeys[1].hash', { ...good, apiKeys: [key, { ...key, id: 'k2' }] })
  refused('apiKeys[1].id', { ...good, apiKeys: [key, { ...key, hash: 'b'.repeat(43) }] })
  refused('apiKeys', { ...good, apiKeys: { get: () => undefined } })
  refused('apiKeys', { ...good, apiKeys: Array.from({ length: 1001 }, () => key) }, /find/)
})

test('the rest is checked too', () => {
  refused('options', undefined)
  refused('options', [])
  refused('clockTolerance', { ...good, clockTolerance: 3600 })
  refused('clockTolerance', { ...good, clockTolerance: '5' })
  refused('cache.maxTokens', { ...good, cache: { maxTokens: 0 } })
  refused('cache', { ...good, cache: true })
  refused('keys.maxAge', { ...good, keys: { maxAge: 0 } })
  refused('network', { ...good, network: 'private' })
  refused('fetch', { ...good, fetch: {} })
  refused('clock', { ...good, clock: {} })
  refused('onEvent', { ...good, onEvent: 'log' })
  refused('isRevoked', { ...good, isRevoked: [] })
  refused('verify', { ...good, verify: 'jwt' })
  refused('verify.token', { ...good, verify: {} })
  refused('verify.timeout', { ...good, verify: { token: () => undefined, timeout: 0 } })
  refused('metadata.resource', { ...good, metadata: { resource: 'x' } })
  refused('metadata', { ...good, metadata: [] })
  refused('rootMetadata', { ...good, rootMetadata: 'yes' })
  refused('cors', { ...good, cors: '*' })
  refused('resourceName', { ...good, resourceName: '' })
})

test('a message never shows what was passed', () => {
  const secret = 'hunter2-hunter2'
  for (const options of [
    { ...good, resource: `https://u:${secret}@mcp.example` },
    { ...good, issuers: [{ issuer: 'https://as.example', jwksUri: `https://u:${secret}@as.example` }] },
    { ...good, apiKeys: [{ id: 'a', name: 'a', hash: secret }] },
  ]) {
    assert.throws(
      () => read(options),
      (error) => error instanceof ConfigError && !error.message.includes(secret),
    )
  }
})

test('what loosens a check, and scopes that no client is asked for, deserve an event', () => {
  const options: ResourceServerOptions = {
    ...good,
    issuers: [{ issuer: 'https://as.example', acceptClientIdAudience: true, allowMissingClaims: ['sub'] }],
    verify: { token: () => undefined, allowNonExpiring: true },
    requiredScopes: ['openid'],
  }
  assert.deepEqual(readOptions(options).warnings, [
    'setting_loosened',
    'setting_loosened',
    'setting_loosened',
    'invalid_scope',
  ])
})

test('a sink that throws is none of the request’s business', () => {
  const settings = readOptions({
    ...good,
    onEvent: () => {
      throw new Error('full')
    },
  })
  settings.onEvent?.({ kind: 'access.verified', outcome: 'ok', reason: 'ok' })
})

test('nor is one that fails later, and it ends no process', async () => {
  const rejections: unknown[] = []
  const take = (error: unknown) => void rejections.push(error)
  process.on('unhandledRejection', take)
  const settings = readOptions({ ...good, onEvent: async () => Promise.reject(new Error('full')) })
  settings.onEvent?.({ kind: 'access.verified', outcome: 'ok', reason: 'ok' })
  await new Promise((resolve) => setTimeout(resolve, 0))
  process.off('unhandledRejection', take)
  assert.deepEqual(rejections, [])
})
