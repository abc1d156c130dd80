import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { customFetch, jwksCache } from 'jose'
import { ConfigError } from '../options/config-error.ts'
import { toCamelCase, toOwnNames } from './casing.ts'
import { handleBearerAuth, MCPAuth } from './index.ts'
import { readJwtVerify } from './jwt-verify-options.ts'
import { authorizationServerShape, protectedResourceShape } from './metadata.ts'
import { readRemoteJwkSet } from './remote-jwk-set-options.ts'
import { readSeconds } from './seconds.ts'

function refused(run: () => unknown, option: string, mend: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof ConfigError, String(error))
    assert.equal(error.option, option)
    assert.match(error.message, mend)
    return true
  })
}

const issuer = 'https://as.example'
const resource = 'https://mcp.example/mcp'
const server = { issuer, type: 'oidc' } as const
const config = { protectedResources: { metadata: { resource, authorizationServers: [server] } } }

/** As a program in JavaScript would give it, which no compiler looks at. */
function untyped(value: unknown): never {
  return value as never
}

test('spans of time', () => {
  const spans: [unknown, number | undefined][] = [
    [undefined, undefined],
    [0, 0],
    [1.5, 1.5],
    ['60s', 60],
    ['5 seconds', 5],
    ['2 minutes', 120],
    ['1.5 hrs', 5400],
    ['1 Day', 86_400],
    ['1w', 604_800],
    ['1 year', 31_557_600],
  ]
  for (const [value, seconds] of spans) assert.equal(readSeconds(value, 'x'), seconds, String(value))
  for (const value of [-1, Number.NaN, Infinity, '', '5', 's', '5 fortnights', '5 minutes ago', '-5s', null, {}]) {
    refused(() => readSeconds(value, 'jwtVerify.clockTolerance'), 'jwtVerify.clockTolerance', /number of seconds/)
  }
})

test('no text makes the reader of spans throw anything else', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,400}(\.\d{0,9})? ?[a-z]{0,9}$/)), (text) => {
      try {
        assert.equal(typeof readSeconds(text, 'x'), 'number')
      } catch (error) {
        assert.ok(error instanceof ConfigError)
      }
    }),
  )
})

test('jwtVerify: what has no counterpart is refused by name', () => {
  refused(() => readJwtVerify({ crit: { x: true } }), 'jwtVerify.crit', /not supported.*remove it/)
  refused(() => readJwtVerify({ currentDate: new Date() }), 'jwtVerify.currentDate', /kit\.clock/)
  refused(() => readJwtVerify({ clockTolerence: 5 }), 'jwtVerify.clockTolerence', /did you mean clockTolerance\?/)
  refused(() => readJwtVerify('jwt'), 'jwtVerify', /must be an object/)
  refused(() => readJwtVerify({ algorithms: ['RS256', 'HS256'] }), 'jwtVerify.algorithms[1]', /symmetric/)
  refused(() => readJwtVerify({ typ: 'logout+jwt' }), 'jwtVerify.typ', /'at\+jwt' or 'JWT'/)
  refused(() => readJwtVerify({ requiredClaims: 'sub' }), 'jwtVerify.requiredClaims', /list/)
  refused(() => readJwtVerify({ subject: '' }), 'jwtVerify.subject', /not empty/)
})

test('remoteJwkSet: milliseconds become seconds, and what has no counterpart is refused by name', () => {
  const times = { timeoutDuration: 10_000, cooldownDuration: 1000, cacheMaxAge: 60_000 }
  assert.deepEqual(readRemoteJwkSet(times, undefined).keys, { timeout: 10, cooldown: 1, maxAge: 60 })
  assert.deepEqual(readRemoteJwkSet(undefined, times).keys, { timeout: 10, cooldown: 1, maxAge: 60 })
  assert.deepEqual(readRemoteJwkSet(undefined, undefined), { keys: {}, fetch: undefined })
  refused(() => readRemoteJwkSet(times, times), 'remoteJwtSet', /keep one of them/)
  refused(() => readRemoteJwkSet({ cacheMaxAge: Infinity }, undefined), 'remoteJwkSet.cacheMaxAge', /86400000/)
  refused(() => readRemoteJwkSet(undefined, { timeoutDuration: 0 }), 'remoteJwtSet.timeoutDuration', /1 to 60000/)
  refused(
    () => readRemoteJwkSet({ timeoutDuratoin: 5 }, undefined),
    'remoteJwkSet.timeoutDuratoin',
    /did you mean timeoutDuration\?/,
  )
  refused(() => readRemoteJwkSet({ headers: { a: 1 } }, undefined), 'remoteJwkSet.headers.a', /string/)
  refused(() => readRemoteJwkSet({ [jwksCache]: {} }, undefined), 'remoteJwkSet[jwksCache]', /not supported.*remove it/)
  refused(() => readRemoteJwkSet({ [customFetch]: 1 }, undefined), 'remoteJwkSet[customFetch]', /function/)
})

test('options that nobody knows are refused with the nearest name', () => {
  refused(() => new MCPAuth(untyped({ ...config, errorFormats: 'x' })), 'errorFormats', /did you mean errorFormat\?/)
  refused(() => new MCPAuth(untyped({ ...config, errorFormat: 'html' })), 'errorFormat', /'rfc6750' or 'mcp-auth'/)
  const mcpAuth = new MCPAuth(config)
  refused(() => mcpAuth.bearerAuth('jwt', untyped({ scopes: ['read'] })), 'scopes', /requiredScopes/)
  refused(() => mcpAuth.bearerAuth(() => undefined, untyped({ jwtVerify: {} })), 'jwtVerify', /unknown option/)
  refused(() => mcpAuth.bearerAuth('jwt', { requiredScopes: ['read write'] }), 'requiredScopes[0]', /one scope/)
  refused(() => mcpAuth.bearerAuth('jwt', { jwtVerify: { clockTolerance: 301 } }), 'jwtVerify.clockTolerance', /300/)
  refused(() => mcpAuth.bearerAuth('jwt', { audience: '' }), 'audience', /not empty/)
  refused(() => mcpAuth.bearerAuth('jwt', { audience: [] }), 'audience', /at least one/)
  refused(
    () => handleBearerAuth(untyped({ verifyAccessToken: () => undefined, issuer, audiences: 'x' })),
    'audiences',
    /audience\?/,
  )
  assert.throws(() => mcpAuth.bearerAuth(untyped('opaque')), TypeError)
})

test("options of jose's that mcp-auth passed on and that have no counterpart say what to do instead", () => {
  const mcpAuth = new MCPAuth(config)
  for (const [options, option, mend] of [
    [{ jwtVerify: { crit: { b64: true } } }, 'jwtVerify.crit', /; remove it$/],
    [{ jwtVerify: { currentDate: new Date() } }, 'jwtVerify.currentDate', /; give kit\.clock, /],
    [{ remoteJwkSet: { [jwksCache]: {} } }, 'remoteJwkSet[jwksCache]', /; remove it$/],
    [{ remoteJwtSet: { [jwksCache]: {} } }, 'remoteJwtSet[jwksCache]', /; remove it$/],
  ] as const) {
    refused(() => mcpAuth.bearerAuth('jwt', untyped(options)), option, mend)
  }
})

test("the kit's own options go through, under their names", () => {
  refused(() => new MCPAuth({ ...config, kit: untyped({ networks: 'any' }) }), 'kit.networks', /did you mean network\?/)
  refused(() => new MCPAuth({ ...config, kit: untyped({ issuers: [] }) }), 'kit.issuers', /remove it/)
  refused(() => new MCPAuth({ ...config, kit: { keys: { timeout: 0 } } }), 'kit.keys.timeout', /number/)
  refused(
    () => new MCPAuth({ server, kit: { dpop: { mode: 'allowed' } } }).bearerAuth('jwt'),
    'kit.dpop',
    /give bearerAuth the resource/,
  )
  new MCPAuth({ server, kit: { dpop: { mode: 'allowed' } } }).bearerAuth('jwt', { resource })
  refused(
    () =>
      new MCPAuth({ ...config, kit: { network: 'public-only' } }).bearerAuth('jwt', {
        remoteJwkSet: { headers: { a: 'b' } },
      }),
    'remoteJwkSet',
    /kit\.network/,
  )
})

test('an audience in two places must be the same', () => {
  const mcpAuth = new MCPAuth(config)
  const jwtVerify = { audience: ['a', 'b'] }
  mcpAuth.bearerAuth('jwt', { audience: 'a', jwtVerify })
  refused(() => mcpAuth.bearerAuth('jwt', { audience: 'c', jwtVerify }), 'jwtVerify.audience', /in one place/)
  refused(
    () => mcpAuth.bearerAuth('jwt', { jwtVerify: { issuer: 'https://x.example' } }),
    'jwtVerify.issuer',
    /none of/,
  )
})

test('what a configuration of servers must be', () => {
  const withServers = (authorizationServers: unknown) =>
    new MCPAuth(untyped({ protectedResources: [{ metadata: { resource, authorizationServers } }] }))
  const path = 'protectedResources[0].metadata.authorizationServers'
  refused(() => withServers(undefined), path, /at least one/)
  refused(() => withServers(issuer), path, /at least one/)
  refused(() => withServers([issuer]), `${path}[0]`, /\{ issuer, type \}/)
  refused(() => withServers([{ type: 'oidc' }]), `${path}[0].issuer`, /string/)
  refused(() => withServers([{ issuer, type: 'saml' }]), `${path}[0].type`, /'oauth' or 'oidc'/)
  refused(() => withServers([{ issuer: 'http://as.example', type: 'oidc' }]), `${path}[0].issuer`, /use https/)
  refused(() => new MCPAuth({ server: { issuer: `${issuer}?q`, type: 'oidc' } }), 'server.issuer', /no query/)
  refused(() => handleBearerAuth({ verifyAccessToken: () => null, issuer: 'http://as.example' }), 'issuer', /use https/)
  refused(() => new MCPAuth(untyped({ protectedResources: [] })), 'protectedResources', /at least one/)
  refused(() => new MCPAuth(untyped({ protectedResources: { resource } })), 'protectedResources.metadata', /object/)
  refused(() => withServers([{ issuer, type: 'oidc', jwksUri: 'x' }]), `${path}[0].jwksUri`, /known are issuer, type/)
  const resolved = { metadata: { issuer }, type: 'oidc' }
  refused(() => withServers([{ ...resolved, issuer }]), `${path}[0].issuer`, /known are metadata, type/)
  const odd = { metadata: { resource, authorizationServers: [server] }, metdata: 1 }
  refused(() => new MCPAuth(untyped({ protectedResources: odd })), 'protectedResources.metdata', /metadata\?/)
  refused(() => new MCPAuth(untyped({ protectedResources: [odd] })), 'protectedResources[0].metdata', /metadata\?/)
  assert.throws(() => new MCPAuth(untyped({ ...config, server })), { code: 'invalid_server_config' })
  assert.throws(() => withServers([server, { ...server }]), { code: 'invalid_server_config', message: /\[1\]/ })
  const same = [{ metadata: { resource: 'https://MCP.example/mcp', authorizationServers: [server] } }]
  const both = { protectedResources: [config.protectedResources, ...same] }
  assert.throws(() => new MCPAuth(both), { code: 'invalid_server_config', message: /twice/ })
})

test('names in camel case lead back to the names of the standards, and unknown members stay as they are', () => {
  for (const shape of [authorizationServerShape, protectedResourceShape]) {
    const names = Object.keys(shape)
    const camel = Object.fromEntries(names.map((name) => [toCamelCase(name), name]))
    assert.equal(Object.keys(camel).length, names.length)
    assert.deepEqual(toOwnNames(camel, shape), Object.fromEntries(names.map((name) => [name, name])))
  }
  const odd = { jwksUri: 'a', xFoo: 1, x_bar: 2, gone: undefined }
  assert.deepEqual(toOwnNames(odd, protectedResourceShape), { jwks_uri: 'a', xFoo: 1, x_bar: 2 })
})
