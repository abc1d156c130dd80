import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { generateApiKey } from '@postern/core'
import type { z } from 'zod'
import { limits } from '../limits.ts'
import { apiKeyCreate } from './api-key.ts'
import { authorizer, authorizers } from './authorizer.ts'
import { backend } from './backend.ts'
import { clientCreate, clientPatch } from './client.ts'
import { clientRules } from './client-rules.ts'
import { eventQuery } from './event.ts'
import { rotate } from './key.ts'
import { listQuery } from './list.ts'
import { mintRequest } from './mint.ts'
import { poolCreate, poolPatch } from './pool.ts'
import { resourceCreate, resourcePatch } from './resource.ts'
import { secretCreate } from './secret.ts'
import { serviceCreate, servicePatch } from './service.ts'
import { validate } from './validate.ts'

type Case = [value: unknown, ...expected: string[]]

/** Each case: a value, and the start of `field code: message` of every error; none when it is right. */
function check(schema: z.ZodType, cases: readonly Case[]): void {
  for (const [value, ...expected] of cases) {
    const result = validate(schema, value)
    const errors = result.ok ? [] : result.errors.map(({ field, code, message }) => `${field} ${code}: ${message}`)
    const label = JSON.stringify(value)?.slice(0, 300)
    assert.equal(errors.length, expected.length, `${label} gave ${JSON.stringify(errors)}`)
    for (const [index, start] of expected.entries())
      assert.ok(errors[index]?.startsWith(start), `${label}: ${errors[index]}`)
  }
}

function outputOf<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = validate(schema, value)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

const publicJwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const privateJwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const long = 'x'.repeat(10_240)

describe('pool', () => {
  test('what is right', () => {
    assert.deepEqual(outputOf(poolCreate, { name: 'a' }), { name: 'a', projectName: 'default' })
    const whole = {
      id: 'a-1',
      name: 'Ünïcode ✓',
      description: 'two\nlines',
      projectName: 'p',
      signInAttributes: ['email', 'preferred_username'],
      requiredSignUpAttributes: ['email'],
      selfSignUpEnabled: false,
      accessTokenTtl: 86_400,
      signingAlgorithm: 'EdDSA',
      defaultResource: 'https://MCP.example:443',
    }
    assert.deepEqual(outputOf(poolCreate, whole), { ...whole, defaultResource: 'https://mcp.example' })
    assert.deepEqual(outputOf(poolPatch, { description: null, defaultResource: null, accessTokenTtl: null }), {
      description: null,
      defaultResource: null,
      accessTokenTtl: null,
    })
    assert.deepEqual(outputOf(poolPatch, { projectName: 'p', signInAttributes: [] }), {
      projectName: 'p',
      signInAttributes: [],
    })
  })

  test('what is wrong', () => {
    check(poolCreate, [
      [{}, 'name required'],
      [{ name: '' }, 'name too_short: must not be empty'],
      [{ name: ' a' }, 'name invalid: must not begin or end with a space'],
      [{ name: 'a\u0000' }, 'name invalid: must not hold control characters'],
      [{ name: 'a\nb' }, 'name invalid: must not hold control characters'],
      [{ name: '\ud800' }, 'name invalid: must not hold control characters'],
      [{ name: 'a\u2028b' }, 'name invalid: must not hold control characters'],
      [{ name: '\u202etxt.exe' }, 'name invalid: must not hold control characters'],
      [{ name: long }, 'name too_long: has more than 128 characters; shorten it'],
      [{ name: 'a', id: 'A' }, 'id invalid: must be 1 to 63 characters of a-z, 0-9 and "-"'],
      [{ name: 'a', id: 'x'.repeat(64) }, 'id invalid'],
      [{ name: 'a', description: long }, 'description too_long'],
      [{ name: 'a', accessTokenTtl: 0 }, 'accessTokenTtl out_of_range: must be at least 1'],
      [{ name: 'a', accessTokenTtl: 86_401 }, 'accessTokenTtl out_of_range: must be at most 86400'],
      [{ name: 'a', accessTokenTtl: '60' }, 'accessTokenTtl invalid: must be a number, not a string'],
      [
        { name: 'a', signingAlgorithm: 'ES265' },
        'signingAlgorithm invalid: must be one of ES256, RS256, EdDSA; did you mean "ES256"?',
      ],
      [
        { name: 'a', signInAttributes: ['email', 'email'] },
        'signInAttributes[1] repeated: is the same as [0]; remove one',
      ],
      [
        { name: 'a', signInAttributes: ['mail'] },
        'signInAttributes[0] invalid: must be one of preferred_username, phone_number, email; did you mean "email"?',
      ],
      [{ name: 'a', defaultResource: 'http://mcp.example/mcp' }, 'defaultResource invalid: use https://'],
      [{ name: 'a', issuer: 'x' }, 'issuer unknown_field'],
    ])
    check(poolPatch, [
      [{ id: 'b' }, 'id immutable: cannot change; make another pool'],
      [{ name: null }, 'name invalid: must be a string, not null'],
    ])
  })
})

describe('client', () => {
  const machine = { name: 'a', clientType: 'MACHINE_TO_MACHINE' }
  const web = { name: 'a', clientType: 'WEB_APPLICATION' }
  const page = { name: 'a', clientType: 'SINGLE_PAGE_APPLICATION' }
  const mobile = { name: 'a', clientType: 'MOBILE_APPLICATION' }

  test('what is right', () => {
    check(clientCreate, [
      [machine],
      [{ ...machine, clientId: 'demo', clientSecret: 'a'.repeat(32), scopes: [], resources: [], accessTokenTtl: 1 }],
      [{ ...machine, tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [publicJwk] } }],
      [{ ...machine, tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: 'https://a.example/.well-known/jwks.json' }],
      [{ ...machine, resources: ['urn:example:x', 'http://localhost:4701/mcp'], defaultResource: 'urn:example:x' }],
      [{ ...web, redirectUris: ['https://app.example/cb?x=1', 'http://127.0.0.1:3000/cb', 'http://localhost/cb'] }],
      [{ ...page, redirectUris: ['https://app.example/cb'] }],
      [{ ...mobile, redirectUris: ['com.example.app:/cb', 'http://[::1]:1234/cb'] }],
    ])
    assert.deepEqual(
      outputOf(clientPatch, { scopes: null, resources: null, jwks: null, clientType: 'WEB_APPLICATION' }),
      {
        scopes: null,
        resources: null,
        jwks: null,
        clientType: 'WEB_APPLICATION',
      },
    )
  })

  test('a redirect in a machine client', () => {
    check(clientCreate, [
      [
        { ...machine, redirectUris: ['https://app.example/cb'] },
        'redirectUris[0] invalid: a machine client has no redirects; remove redirectUris or use clientType WEB_APPLICATION',
      ],
    ])
  })

  test('fields', () => {
    check(clientCreate, [
      [{}, 'name required', 'clientType required'],
      [
        { ...machine, clientType: 'MACHINE_2_MACHINE' },
        'clientType invalid: must be one of MACHINE_TO_MACHINE, WEB_APPLICATION',
      ],
      [{ ...machine, clientSecret: 'short' }, 'clientSecret too_short: must have at least 32 characters'],
      [{ ...machine, clientSecret: 'a b'.repeat(20) }, 'clientSecret invalid: must be of A-Z'],
      [{ ...machine, clientSecret: 'a'.repeat(129) }, 'clientSecret too_long'],
      [{ ...machine, scopes: ['a b'] }, 'scopes[0] invalid: must be one scope: printable ASCII without space'],
      [{ ...machine, scopes: [''] }, 'scopes[0] invalid'],
      [{ ...machine, scopes: ['a', 'a'] }, 'scopes[1] repeated'],
      [{ ...machine, scopes: 'read' }, 'scopes invalid: must be an array, not a string'],
      [
        { ...machine, resources: ['https://mcp.example/mcp#x'] },
        'resources[0] invalid: remove the "#" and everything after it',
      ],
      [{ ...machine, resources: ['http://public.example/mcp'] }, 'resources[0] invalid: use https://'],
      [{ ...machine, resources: ['https://u:p@mcp.example'] }, 'resources[0] invalid: remove the user name'],
      [{ ...machine, resources: ['/mcp'] }, 'resources[0] invalid: write an absolute URL'],
      [{ ...machine, resources: ['https://A.example', 'https://a.example:443/'] }, 'resources[1] repeated'],
      [
        { ...machine, resources: ['urn:ex:b'], defaultResource: 'urn:ex:c' },
        'defaultResource invalid: must be one of resources',
      ],
      [
        { ...machine, redirect_uris: [] },
        'redirect_uris unknown_field: there is no such field; did you mean "redirectUris"?',
      ],
      [{ ...machine, clientId: 'Demo!' }, 'clientId invalid'],
    ])
  })

  test('authentication methods', () => {
    check(clientCreate, [
      [
        { ...machine, tokenEndpointAuthMethod: 'none' },
        'tokenEndpointAuthMethod invalid: a client of type MACHINE_TO_MACHINE must authenticate',
      ],
      [
        { ...page, tokenEndpointAuthMethod: 'client_secret_basic' },
        'tokenEndpointAuthMethod invalid: a client of type SINGLE_PAGE_APPLICATION can keep no secret',
      ],
      [
        { ...mobile, clientSecret: 'a'.repeat(32) },
        'clientSecret invalid: a client of type MOBILE_APPLICATION can keep no secret; remove clientSecret',
      ],
      [
        { ...machine, tokenEndpointAuthMethod: 'private_key_jwt' },
        'jwks required: private_key_jwt needs the public keys',
      ],
      [
        {
          ...machine,
          tokenEndpointAuthMethod: 'private_key_jwt',
          jwks: { keys: [publicJwk] },
          jwksUri: 'https://a.example/jwks',
        },
        'jwksUri invalid: give jwks or jwksUri, not both',
      ],
      [
        {
          ...machine,
          tokenEndpointAuthMethod: 'private_key_jwt',
          jwks: { keys: [publicJwk] },
          clientSecret: 'a'.repeat(32),
        },
        'clientSecret invalid: a client with private_key_jwt has no secret',
      ],
      [
        { ...machine, tokenEndpointAuthMethod: 'client_secret_basic', jwks: { keys: [publicJwk] } },
        'jwks invalid: is for tokenEndpointAuthMethod private_key_jwt, and this client has client_secret_basic',
      ],
      [
        { ...machine, jwksUri: 'https://a.example/jwks' },
        'jwksUri invalid: is for tokenEndpointAuthMethod private_key_jwt',
      ],
    ])
  })

  test('keys', () => {
    const withKeys = (keys: unknown) => ({ ...machine, tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys } })
    check(clientCreate, [
      [withKeys([privateJwk]), 'jwks.keys[0] invalid: holds a private key; send the public part only'],
      [withKeys([{ kty: 'oct', k: 'c2VjcmV0' }]), 'jwks.keys[0].kty invalid: must be one of EC, RSA, OKP'],
      [withKeys([{ kty: 'EC', crv: 'P-256', x: 'a' }]), 'jwks.keys[0].y required: is required in a key with kty EC'],
      [withKeys([{ kty: 'RSA', n: 'a' }]), 'jwks.keys[0].e required'],
      [withKeys([]), 'jwks.keys too_short: needs at least 1 item'],
      [withKeys(Array(11).fill(publicJwk)), 'jwks.keys too_long: has more than 10 items'],
      [
        withKeys([
          { ...publicJwk, kid: 'a' },
          { ...publicJwk, kid: 'a' },
        ]),
        'jwks.keys[1].kid repeated: is the kid of [0] too',
      ],
      [
        { ...machine, tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: 'http://a.example/jwks' },
        'jwksUri invalid: use https://',
      ],
    ])
  })

  test('redirects', () => {
    const withRedirect = (uri: string) => ({ ...web, redirectUris: [uri] })
    check(clientCreate, [
      [withRedirect('/cb'), 'redirectUris[0] invalid: write an absolute URL'],
      [
        withRedirect('https://*.example/cb'),
        'redirectUris[0] invalid: write an absolute URL such as https://app.example/callback, without wildcards',
      ],
      [withRedirect('https://app.example/cb#x'), 'redirectUris[0] invalid: remove the "#"'],
      [withRedirect('http://app.example/cb'), 'redirectUris[0] invalid: use https://'],
      [withRedirect('javascript:alert(1)'), 'redirectUris[0] invalid: use https://, or a scheme of a domain'],
      [
        withRedirect('com.example.app:/cb'),
        'redirectUris[0] invalid: a client of type WEB_APPLICATION is sent back to an http(s) URL',
      ],
      [withRedirect('https://u:p@app.example/cb'), 'redirectUris[0] invalid: remove the user name'],
      [
        { ...web, redirectUris: Array.from({ length: 21 }, (_, n) => `https://app.example/${n}`) },
        'redirectUris too_long',
      ],
    ])
  })

  test('patches', () => {
    check(clientPatch, [
      [{ clientId: 'x' }, 'clientId immutable: cannot change; make another client'],
      [{ clientSecret: 'x' }, 'clientSecret invalid: is not set here; POST to the secrets of this client'],
      [{ createdAt: 'x' }, 'createdAt unknown_field'],
    ])
    assert.deepEqual(
      clientRules({ clientType: 'MACHINE_TO_MACHINE', tokenEndpointAuthMethod: 'client_secret_post' }),
      [],
    )
  })
})

test('secret and rotation', () => {
  check(secretCreate, [
    [{}],
    [{ clientSecret: 'x' }, 'clientSecret unknown_field'],
    [{ expiresAt: 'tomorrow' }, 'expiresAt invalid: must be a time such as 2027-01-31T12:00:00Z'],
    [{ expiresAt: 1_900_000_000 }, 'expiresAt invalid'],
    [{ expires: '2027-01-31T12:00:00Z' }, 'expires unknown_field: there is no such field; did you mean "expiresAt"?'],
  ])
  assert.deepEqual(outputOf(secretCreate, { expiresAt: '2027-01-31T12:00:00+02:00' }), {
    expiresAt: '2027-01-31T10:00:00.000Z',
  })
  check(rotate, [[{}], [{ alg: 'ES256' }, 'alg unknown_field']])
})

describe('resource', () => {
  test('what is right', () => {
    check(resourceCreate, [
      [{ identifier: 'https://mcp.example/mcp?tenant=1' }],
      [
        {
          identifier: 'urn:example:reports',
          scopes: [
            { name: 'write', implies: ['read'] },
            { name: 'read', description: 'x' },
          ],
        },
      ],
      [
        {
          identifier: 'urn:example:reports',
          scopes: [
            { name: 'a', implies: ['b'] },
            { name: 'b', implies: ['a'] },
          ],
        },
      ],
    ])
    assert.deepEqual(outputOf(resourcePatch, { scopes: null, name: null, identifier: 'https://A.example/' }), {
      scopes: null,
      name: null,
      identifier: 'https://a.example',
    })
  })

  test('what is wrong', () => {
    check(resourceCreate, [
      [{}, 'identifier required'],
      [{ identifier: 'mcp' }, 'identifier invalid: write an absolute URL'],
      [{ identifier: 'ftp://mcp.example' }, 'identifier invalid: use an https:// URL'],
      [{ identifier: 'https://mcp.example/mcp#f' }, 'identifier invalid: remove the "#"'],
      [{ identifier: 'http://mcp.example/mcp' }, 'identifier invalid: use https://'],
      [{ identifier: `https://mcp.example/${long}` }, 'identifier invalid: use at most 2048 characters'],
      [{ identifier: 'urn:ex:b', scopes: [{ name: 'a b' }] }, 'scopes[0].name invalid: must be one scope'],
      [
        { identifier: 'urn:ex:b', scopes: [{ name: 'a' }, { name: 'a' }] },
        'scopes[1].name repeated: is the name of [0] too',
      ],
      [
        { identifier: 'urn:ex:b', scopes: [{ name: 'write', implies: ['raed'] }, { name: 'read' }] },
        'scopes[0].implies[0] not_found: is no scope of this resource; did you mean "read"?',
      ],
      [
        { identifier: 'urn:ex:b', scopes: Array.from({ length: 101 }, (_, n) => ({ name: `s${n}` })) },
        'scopes too_long',
      ],
    ])
    check(resourcePatch, [[{ id: 'x' }, 'id immutable']])
  })
})

test('mint', () => {
  check(mintRequest, [
    [{ clientId: 'a', resource: 'urn:ex:b', scopes: ['x'], ttl: 60 }],
    [{}, 'clientId required'],
    [{ clientId: 'a', scope: 'x' }, 'scope unknown_field: there is no such field; did you mean "scopes"?'],
    [{ clientId: 'a', ttl: 90_000 }, 'ttl out_of_range'],
  ])
})

describe('service', () => {
  const service = { name: 'a', path: '/mcp', backend: { type: 'builtin' } }

  test('what is right', () => {
    assert.deepEqual(outputOf(serviceCreate, service), { ...service, projectName: 'default' })
    check(serviceCreate, [
      [{ ...service, id: 'a', isolation: 'shared', rootMetadata: true, clientToken: 't', path: '/team/a.b_c~d-e' }],
      [{ ...service, authorizers: [{ type: 'ApiKey' }] }],
    ])
  })

  test('paths', () => {
    for (const path of ['/mcp/', 'mcp', '/', '', '//', '/a//b', '/a b', '/a%2e', '/a?b', '/a#b', '/ä', '/a\\b']) {
      check(serviceCreate, [[{ ...service, path }, 'path invalid: must be a path such as /mcp']])
    }
    for (const path of ['/a/../b', '/./a'])
      check(serviceCreate, [[{ ...service, path }, 'path invalid: must not hold "." or ".."']])
    for (const path of ['/api', '/API/v1/x', '/services/x', '/.well-known/x', '/healthz', '/readyz', '/metrics/x']) {
      check(serviceCreate, [
        [{ ...service, path }, `path invalid: /${path.split('/')[1]?.toLowerCase()} is taken by the gateway itself`],
      ])
    }
    check(serviceCreate, [[{ ...service, path: `/${'a'.repeat(300)}` }, 'path too_long']])
    check(serviceCreate, [[{ ...service, path: '/apis' }], [{ ...service, path: '/mcp/api' }]])
  })

  test('what cannot change', () => {
    check(servicePatch, [
      [{ name: 'b', backend: { type: 'builtin' }, authorizers: [{ type: 'ApiKey' }] }],
      [{ path: '/x' }, 'path immutable: cannot change; its URL is the audience of tokens; make another service'],
      [{ id: 'x', projectName: 'y' }, 'id immutable', 'projectName immutable'],
    ])
  })

  test('backends', () => {
    check(backend, [
      [{ type: 'stdio', command: 'npx', args: ['-y', 'x'], env: { A_1: 'b' }, cwd: '/tmp' }],
      [{ type: 'http', url: 'http://localhost:3000/mcp', headers: { Authorization: 'Bearer x' } }],
      [{}, 'type required'],
      [{ type: 'ftp' }, 'type invalid: must be one of stdio, http, openapi, builtin'],
      [{ type: 'stdio' }, 'command required'],
      [{ type: 'stdio', command: 'a\0b' }, 'command invalid: must not hold a NUL'],
      [{ type: 'stdio', command: 'a', args: 'x' }, 'args invalid: must be an array'],
      [{ type: 'stdio', command: 'a', env: { 'A B': 'x' } }, 'env["A B"] invalid: the name of a variable'],
      [{ type: 'stdio', command: 'a', env: { A: 1 } }, 'env.A invalid: must be a string, not a number'],
      [{ type: 'stdio', command: 'a', url: 'x' }, 'url unknown_field'],
      [{ type: 'http', url: 'http://mcp.example' }, 'url invalid: use https://'],
      [{ type: 'http', url: 'https://u:p@mcp.example' }, 'url invalid: remove the user name'],
      [
        { type: 'http', url: 'https://a.example', headers: { Host: 'x' } },
        'headers.Host invalid: this header is set by Postern',
      ],
      [
        { type: 'http', url: 'https://a.example', headers: { 'Mcp-Session-Id': 'x' } },
        'headers.Mcp-Session-Id invalid: this header is set by Postern',
      ],
      [
        { type: 'http', url: 'https://a.example', headers: { 'X-A': 'a\r\nb' } },
        'headers.X-A invalid: must be printable ASCII on one line',
      ],
      [
        { type: 'http', url: 'https://a.example', headers: { 'X A': 'b' } },
        'headers["X A"] invalid: the name of a header',
      ],
    ])
  })

  test('openapi backends, and tokens of the gateway’s own', () => {
    const oauth = { tokenUrl: 'https://idp.example/token', clientId: 'a', clientSecret: 'b' }
    const discoveryUrl = 'https://idp.example/.well-known/openid-configuration'
    const api = { type: 'openapi', document: { openapi: '3.1.0' } }
    const http = { type: 'http', url: 'https://mcp.example/mcp' }
    const { tokenUrl: _, ...credentials } = oauth
    check(backend, [
      [api],
      [{ ...api, document: 'openapi: 3.1.0', baseUrl: 'https://api.example/v1?k=1', headers: { 'X-Key': 'x' } }],
      [{ ...api, oauth: { ...oauth, scopes: ['a', 'b'], resource: 'https://api.example' } }],
      [{ ...http, oauth: { ...credentials, discoveryUrl } }],
      [{ type: 'openapi' }, 'document invalid: must be an OpenAPI document'],
      [{ ...api, document: [] }, 'document invalid: must be an OpenAPI document: an object, its text'],
      [{ ...api, document: 'x'.repeat(8 * 1024 * 1024) }, 'document invalid: has more than 7864320 characters'],
      [{ ...api, baseUrl: 'http://api.example' }, 'baseUrl invalid: use https://'],
      [{ ...api, url: 'https://api.example' }, 'url unknown_field'],
      [{ ...api, headers: { Host: 'x' } }, 'headers.Host invalid: this header is set by Postern'],
      [{ ...api, oauth: credentials }, 'oauth.tokenUrl required: give tokenUrl or discoveryUrl'],
      [
        { ...http, oauth: { ...oauth, discoveryUrl } },
        'oauth.discoveryUrl invalid: give tokenUrl or discoveryUrl, not both',
      ],
      [
        { ...http, oauth: { ...oauth, discoveryUrl: 'https://idp.example/' } },
        "oauth.discoveryUrl invalid: must be an issuer's",
      ],
      [{ ...http, oauth: { ...oauth, tokenUrl: 'http://idp.example' } }, 'oauth.tokenUrl invalid: use https://'],
      [{ ...http, oauth: { ...oauth, clientSecret: 'a\nb' } }, 'oauth.clientSecret invalid: must not hold control'],
      [{ ...http, oauth: { ...oauth, scopes: ['a b'] } }, 'oauth.scopes[0] invalid'],
      [
        { ...http, oauth, headers: { AUTHORIZATION: 'x' } },
        'headers.AUTHORIZATION invalid: the token that oauth fetches goes there; remove this header, or oauth',
      ],
      [{ type: 'stdio', command: 'x', oauth }, 'oauth unknown_field'],
    ])
  })

  test('authorizers', () => {
    const jwt = { type: 'CustomJWT', discoveryUrl: 'https://idp.example/pools/a/.well-known/openid-configuration' }
    check(authorizers, [
      [[{ type: 'ApiKey' }, jwt]],
      [[], ' too_short: needs at least 1 item'],
      [
        [{ type: 'ApiKey' }, jwt, { type: 'ApiKey' }],
        '[2].type repeated: is that of [0] too; a service has one of each type',
      ],
      [[{ type: 'None' }], '[0].type invalid: must be one of ApiKey, CustomJWT'],
    ])
    check(authorizer, [
      [
        {
          ...jwt,
          allowedClients: [],
          allowedAudiences: ['a'],
          requiredScopes: ['x'],
          claims: { tier: ['gold', 1, true], a: 'b' },
          acceptClientIdAudience: true,
        },
      ],
      [{ type: 'CustomJWT' }, 'discoveryUrl required'],
      [{ ...jwt, discoveryUrl: 'https://idp.example/pools/a' }, "discoveryUrl invalid: must be an issuer's metadata"],
      [
        { ...jwt, discoveryUrl: 'http://idp.example/.well-known/openid-configuration' },
        'discoveryUrl invalid: use https://',
      ],
      [{ ...jwt, allowedClients: ['a', 'a'] }, 'allowedClients[1] repeated'],
      [{ ...jwt, claims: { a: null } }, 'claims.a invalid: has none of the forms'],
      [{ ...jwt, claims: { a: [] } }, 'claims.a'],
      [{ ...jwt, apiKeys: [] }, 'apiKeys unknown_field'],
      [{ type: 'ApiKey', apiKeys: [{ name: 'a' }, { name: 'a' }] }, 'apiKeys[1].name repeated'],
      [
        { type: 'ApiKey', apiKeys: Array.from({ length: 26 }, (_, n) => ({ name: `k${n}` })) },
        'apiKeys limit: a service has at most 25 keys; remove 1',
      ],
    ])
  })

  test('API keys', () => {
    assert.deepEqual(
      outputOf(apiKeyCreate, { name: 'a', expiresAt: '2027-01-01T01:00:00+01:00', tools: ['x'], scopes: ['s'] }),
      {
        name: 'a',
        expiresAt: '2027-01-01T00:00:00.000Z',
        tools: ['x'],
        scopes: ['s'],
      },
    )
    check(apiKeyCreate, [
      [{ name: 'a', key: generateApiKey() }, 'key invalid: keys are made by Postern; remove it'],
      [{ name: 'a', keyHash: 'x' }, 'keyHash invalid: keys are made by Postern'],
      [{ name: 'a', expiresAt: 'tomorrow' }, 'expiresAt invalid: must be a time such as 2027-01-31T12:00:00Z'],
      [{ name: 'a', expiresAt: '2027-02-30T00:00:00Z' }, 'expiresAt invalid'],
      [{ name: 'a', expiresAt: 1_800_000_000 }, 'expiresAt invalid'],
      [{ name: 'a', expiresAt: '9999-12-31T23:00:00-23:00' }, 'expiresAt invalid: must be a time such as'],
      [{ name: 'a', expiresAt: '0000-01-01T00:00:00+23:00' }, 'expiresAt invalid: must be a time such as'],
      [{ name: 'a', tools: ['x', 'x'] }, 'tools[1] repeated'],
    ])
  })
})

test('queries', () => {
  assert.deepEqual(outputOf(listQuery, {}), { limit: limits.pageSize })
  assert.deepEqual(outputOf(eventQuery, { limit: '7', kind: 'token.issued', since: '2026-01-01T00:00:00Z' }), {
    limit: 7,
    kind: 'token.issued',
    since: '2026-01-01T00:00:00.000Z',
  })
  check(listQuery, [
    [{ limit: '0' }, 'limit out_of_range: must be at least 1'],
    [{ limit: '101' }, 'limit out_of_range: must be at most 100'],
    [{ limit: 'ten' }, 'limit invalid: must be a whole number'],
    [{ limit: '-1' }, 'limit invalid'],
    [{ limit: '1e2' }, 'limit invalid'],
    [{ cursor: '' }, 'cursor too_short'],
    [{ page: '2' }, 'page unknown_field'],
  ])
  check(eventQuery, [
    [{ kind: 'token.isued' }, 'kind invalid: must be one of token.issued'],
    [{ reason: 'nothing' }, 'reason invalid: must be one of'],
    [{ outcome: 'bad' }, 'outcome invalid: must be one of ok, refused, error'],
    [{ client: 'x' }, 'client unknown_field'],
  ])
})
