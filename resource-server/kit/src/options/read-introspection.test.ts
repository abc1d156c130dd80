import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import type { IntrospectionOptions } from './introspection.ts'
import { readOptions } from './read-options.ts'
import type { IssuerOptions, ResourceServerOptions } from './types.ts'

const client = { clientId: 'rs', clientSecret: 's3cret' }

function read(introspection: object, more: Partial<IssuerOptions> = {}, options: Partial<ResourceServerOptions> = {}) {
  return readOptions({
    resource: 'https://mcp.example/mcp',
    issuers: [{ issuer: 'https://as.example', introspection: introspection as IntrospectionOptions, ...more }],
    ...options,
  })
}

function refuses(option: string, mend: RegExp, ...args: Parameters<typeof read>): void {
  assert.throws(
    () => read(...args),
    (error) => error instanceof ConfigError && error.option === option && mend.test(error.message),
    option,
  )
}

const at = (name: string) => `issuers[0].introspection${name}`

test('defaults', () => {
  const rules = read(client).issuers[0]?.introspection
  assert.equal(rules?.cacheMs, 0)
  assert.equal(rules.timeoutMs, 5000)
  assert.equal(rules.tokens, 'opaque')
  assert.equal(rules.metadataUrls.length, 2)
})

test('each mistake is named with its mend, and no secret with it', () => {
  refuses(at('.clientid'), /did you mean clientId/, { clientid: 'rs' })
  refuses(at('.clientId'), /string/, { clientSecret: 's' })
  refuses(at(''), /either a clientSecret or a privateKey/, { clientId: 'rs' })
  refuses(at(''), /either a clientSecret or a privateKey/, { ...client, privateKey: {} })
  refuses(at('.clientSecret'), /string/, { clientId: 'rs', clientSecret: '' })
  refuses(at('.privateKey'), /private key/, { clientId: 'rs', privateKey: { kty: 'EC', crv: 'P-256', x: 'a', y: 'a' } })
  refuses(at('.privateKey'), /names an algorithm/, { clientId: 'rs', privateKey: { kty: 'oct', d: 'a', alg: 'HS256' } })
  refuses(at('.endpoint'), /https/, { ...client, endpoint: 'http://as.example/introspect' })
  refuses(at('.cache'), /from 0 to 3600/, { ...client, cache: 86_400 })
  refuses(at('.timeout'), /number/, { ...client, timeout: 0 })
  refuses(at('.tokens'), /'opaque' or 'all'/, { ...client, tokens: 'jwt' })
  refuses(at('.prefix'), /JWTs begin so/, { ...client, prefix: 'eyJ' })
  refuses(at('.prefix'), /bearer token/, { ...client, prefix: 'a b' })
  refuses(at('.dialect'), /'rfc7662' or 'google'/, { ...client, dialect: 'other' })
  refuses(at('.endpoint'), /tokeninfo/, { dialect: 'google' })
  refuses(at(''), /no client authentication/, { ...client, dialect: 'google', endpoint: 'https://as.example/i' })
})

test('it must be clear who is asked about an opaque token', () => {
  const verify = () => undefined
  refuses(at('.prefix'), /verify gets the opaque tokens too/, client, {}, { verify })
  read({ ...client, prefix: 'oat_' }, {}, { verify })
  const two = (first: object, second: object) => ({
    issuers: [first, second].map((more, index) => ({
      issuer: `https://as${index}.example`,
      introspection: { ...client, ...more },
    })),
  })
  refuses('issuers[1].introspection.prefix', /issuers\[0\] gets the same tokens/, client, {}, two({}, {}))
  refuses('issuers[1].introspection.prefix', /same/, client, {}, two({ prefix: 'a' }, { prefix: 'a' }))
  read(client, {}, two({ prefix: 'a' }, {}))
})

test('what loosens leaves a warning', () => {
  assert.deepEqual(read(client).warnings, [])
  assert.deepEqual(read({ ...client, allowNonExpiring: true }).warnings, ['setting_loosened'])
  assert.deepEqual(read(client, { audienceClaim: 'client_id' }).warnings, ['setting_loosened'])
})
