import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject, Reason } from '@postern/core'
import { readOptions } from '../options/read-options.ts'
import type { IssuerOptions } from '../options/types.ts'
import { Refusal } from '../refusal.ts'
import { algorithmOf } from './algorithm.ts'
import { checkAudience } from './audience.ts'
import { checkBinding } from './binding.ts'
import { checkClaimRules } from './claim-rules.ts'
import { checkAllowedClient, checkClient, clientIdOf } from './client.ts'
import type { TokenContext } from './context.ts'
import { checkDelegation } from './delegation.ts'
import { checkHeader } from './header.ts'
import { checkNotIdToken } from './id-token.ts'
import { scopesOf } from './scope-claim.ts'
import { checkSubject } from './subject.ts'
import { checkTime } from './time.ts'
import { checkTokenId } from './token-id.ts'
import { checkTyp } from './typ.ts'

const resource = 'https://mcp.example/mcp'
const now = 1_800_000_000

interface Token {
  readonly header?: JsonObject
  readonly claims?: JsonObject
}

function context({ header = {}, claims = {} }: Token, options: Partial<IssuerOptions> = {}): TokenContext {
  const [rules] = readOptions({ resource, issuers: [{ issuer: 'https://as.example', ...options }] }).issuers
  assert.ok(rules !== undefined)
  return { header, claims, rules, now }
}

type Examine = (context: TokenContext) => unknown

function passes(check: Examine, token: Token, options?: Partial<IssuerOptions>): void {
  assert.doesNotThrow(() => check(context(token, options)), JSON.stringify(token))
}

function refuses(check: Examine, reason: Reason, token: Token, options?: Partial<IssuerOptions>): void {
  const because = (error: unknown) => error instanceof Refusal && error.reason === reason
  assert.throws(() => check(context(token, options)), because, `${reason}: ${JSON.stringify(token)}`)
}

test('algorithm: only what is on the list, to the letter', () => {
  passes(algorithmOf, { header: { alg: 'ES256' } })
  for (const alg of [
    'none',
    'None',
    'HS256',
    'es256',
    'RS1',
    'ES256K',
    '',
    null,
    256,
    ['ES256'],
    undefined,
    'constructor',
  ]) {
    refuses(algorithmOf, 'algorithm_not_allowed', { header: { alg } })
  }
  refuses(algorithmOf, 'algorithm_not_allowed', {})
  refuses(algorithmOf, 'algorithm_not_allowed', { header: { alg: 'RS256' } }, { algorithms: ['ES256'] })
})

test('header: nothing that changes the meaning', () => {
  passes(checkHeader, { header: { kid: 'k', jwk: {}, jku: 'x', x5u: 'y', b64: true, cty: 'json' } })
  for (const crit of [['x'], [], 'x', undefined, null]) refuses(checkHeader, 'critical_header', { header: { crit } })
  for (const header of [
    { zip: 'DEF' },
    { b64: false },
    { cty: 'JWT' },
    { cty: 'application/jwt' },
    { cty: 1 },
    { kid: 1 },
    { kid: 'k'.repeat(513) },
  ]) {
    refuses(checkHeader, 'header_not_allowed', { header })
  }
})

test('typ: an access token, or in the compatible profile a plain JWT', () => {
  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) {
    passes(checkTyp, { header: { typ } })
    passes(checkTyp, { header: { typ } }, { profile: 'rfc9068' })
  }
  for (const header of [{}, { typ: 'JWT' }, { typ: 'jwt' }, { typ: 'application/jwt' }]) {
    passes(checkTyp, { header })
    refuses(checkTyp, 'typ_not_allowed', { header }, { profile: 'rfc9068' })
  }
  for (const typ of [
    'dpop+jwt',
    'logout+jwt',
    'secevent+jwt',
    'token-introspection+jwt',
    'oauth-authz-req+jwt',
    'xat+jwt',
    '',
    1,
    null,
  ]) {
    refuses(checkTyp, 'typ_not_allowed', { header: { typ } })
  }
})

test('ID tokens are refused, unless they are access tokens by their type', () => {
  passes(checkNotIdToken, { claims: { sub: 's' } })
  for (const claim of ['nonce', 'at_hash', 'c_hash', 's_hash']) {
    refuses(checkNotIdToken, 'id_token', { claims: { [claim]: 'x' } })
    passes(checkNotIdToken, { header: { typ: 'at+jwt' }, claims: { [claim]: 'x' } })
  }
  refuses(checkNotIdToken, 'id_token', { header: { typ: 'at+jwt' }, claims: { token_use: 'id' } })
  passes(checkNotIdToken, { claims: { token_use: 'access' } })
})

test('audience: the resource to the letter, alone or among others', () => {
  passes(checkAudience, { claims: { aud: resource } })
  passes(checkAudience, { claims: { aud: ['https://other.example', resource] } })
  for (const aud of [
    `${resource}/`,
    `${resource}/x`,
    'https://mcp.example',
    'https://MCP.example/mcp',
    `${resource}?x`,
    `${resource}#f`,
    'http://mcp.example/mcp',
    'https://mcp.example:443/mcp',
    'https://mcp.example/%6Dcp',
    'https://mcp.example/mc',
    'https://mcp.example/mcp2',
    '',
    7,
    [],
    [[resource]],
    [resource, 7],
    { aud: resource },
  ]) {
    refuses(checkAudience, 'audience_mismatch', { claims: { aud } })
  }
  refuses(checkAudience, 'audience_missing', { claims: {} })
  refuses(checkAudience, 'audience_missing', { claims: { aud: null } })
  refuses(checkAudience, 'audience_missing', { claims: { resource } })
})

test('audience: what the options say', () => {
  passes(checkAudience, { claims: { aud: 'api://b' } }, { audience: ['api://a', 'api://b'] })
  refuses(checkAudience, 'audience_mismatch', { claims: { aud: resource } }, { audience: 'api://a' })
  const canonical = { audienceMatch: 'canonical' } as const
  passes(checkAudience, { claims: { aud: 'HTTPS://MCP.example:443/mcp' } }, canonical)
  for (const aud of [`${resource}/`, 'https://mcp.example/MCP', 'http://mcp.example/mcp', 'no url']) {
    refuses(checkAudience, 'audience_mismatch', { claims: { aud } }, canonical)
  }
  const exclusive = { exclusiveAudience: true, audience: ['api://a', 'api://b'] }
  passes(checkAudience, { claims: { aud: ['api://a', 'api://b'] } }, exclusive)
  refuses(checkAudience, 'audience_mismatch', { claims: { aud: ['api://a', 'api://c'] } }, exclusive)
  refuses(checkAudience, 'audience_mismatch', { claims: { aud: [] } }, exclusive)
  passes(checkAudience, { claims: { resource } }, { audienceClaim: 'resource' })
  const ownClient = { acceptClientIdAudience: true }
  passes(checkAudience, { claims: { aud: 'c1', client_id: 'c1' } }, ownClient)
  refuses(checkAudience, 'audience_mismatch', { claims: { aud: 'c2', client_id: 'c1' } }, ownClient)
  refuses(checkAudience, 'audience_mismatch', { claims: { aud: 'c1', client_id: 'c1' } })
})

test('time: alive, in order, with the tolerance at both ends', () => {
  passes(checkTime, { claims: { exp: now + 60, iat: now, nbf: now } })
  passes(checkTime, { claims: { exp: now - 4.9, iat: now - 60 } })
  refuses(checkTime, 'expired', { claims: { exp: now - 5 } })
  refuses(checkTime, 'expiry_missing', { claims: {} })
  passes(checkTime, { claims: { exp: now + 60, iat: now + 5, nbf: now + 5 } })
  refuses(checkTime, 'not_yet_valid', { claims: { exp: now + 60, nbf: now + 6 } })
  refuses(checkTime, 'not_yet_valid', { claims: { exp: now + 60, iat: now + 6 } })
  refuses(checkTime, 'malformed_claim', { claims: { exp: now + 60, iat: now + 61 } })
  refuses(checkTime, 'malformed_claim', { claims: { exp: now + 60, nbf: now + 61 } })
})

test('time: numbers, and nothing that only looks like one', () => {
  for (const value of [String(now), null, true, -1, Number.NaN, Number.POSITIVE_INFINITY, {}, [now]]) {
    refuses(checkTime, 'malformed_claim', { claims: { exp: value } })
    refuses(checkTime, 'malformed_claim', { claims: { exp: now + 60, nbf: value } })
    refuses(checkTime, 'malformed_claim', { claims: { exp: now + 60, iat: value } })
  }
})

test('time: lifetime and iat where they are asked for', () => {
  passes(checkTime, { claims: { exp: now + 3600, iat: now } }, { maxTokenLifetime: 3600 })
  refuses(checkTime, 'lifetime_too_long', { claims: { exp: now + 3601, iat: now } }, { maxTokenLifetime: 3600 })
  refuses(checkTime, 'lifetime_too_long', { claims: { exp: now + 3600 } }, { maxTokenLifetime: 3600 })
  refuses(checkTime, 'claim_missing', { claims: { exp: now + 60 } }, { profile: 'rfc9068' })
})

test('subject: a text that is not empty, absent only where that is allowed', () => {
  passes(checkSubject, { claims: { sub: 's' } })
  refuses(checkSubject, 'subject_missing', {})
  refuses(checkSubject, 'subject_missing', { claims: { sub: '' } })
  for (const sub of [7, null, ['s'], {}]) refuses(checkSubject, 'malformed_claim', { claims: { sub } })
  passes(checkSubject, {}, { allowMissingClaims: ['sub'] })
  refuses(checkSubject, 'subject_missing', { claims: { sub: '' } }, { allowMissingClaims: ['sub'] })
  refuses(checkSubject, 'malformed_claim', { claims: { sub: 7 } }, { allowMissingClaims: ['sub'] })
})

test('client: client_id, or azp in the compatible profile', () => {
  passes(checkClient, { claims: { client_id: 'c' } })
  passes(checkClient, { claims: { azp: 'c' } })
  assert.equal(clientIdOf(context({ claims: { client_id: 'a', azp: 'b' } })), 'a')
  refuses(checkClient, 'client_missing', { claims: { azp: 'c' } }, { profile: 'rfc9068' })
  refuses(checkClient, 'client_missing', {})
  refuses(checkClient, 'client_missing', { claims: { client_id: '', azp: 'c' } })
  refuses(checkClient, 'malformed_claim', { claims: { client_id: ['c'], azp: 'c' } })
  refuses(checkClient, 'malformed_claim', { claims: { client_id: null } })
  passes(checkClient, {}, { allowMissingClaims: ['client_id'] })
})

test('allowed clients', () => {
  passes(checkAllowedClient, { claims: { client_id: 'x' } })
  const options = { allowedClients: ['a', 'b'] }
  passes(checkAllowedClient, { claims: { client_id: 'b' } }, options)
  refuses(checkAllowedClient, 'client_not_allowed', { claims: { client_id: 'c' } }, options)
  refuses(checkAllowedClient, 'client_not_allowed', {}, options)
})

test('token id', () => {
  passes(checkTokenId, {})
  passes(checkTokenId, { claims: { jti: 'j' } })
  refuses(checkTokenId, 'claim_missing', {}, { profile: 'rfc9068' })
  for (const jti of [{}, '', 7, null]) refuses(checkTokenId, 'malformed_claim', { claims: { jti } })
})

test('binding: what the kit cannot check is refused', () => {
  const thumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
  passes(checkBinding, {})
  passes(checkBinding, { claims: { cnf: { jkt: thumbprint } } })
  passes(checkBinding, { claims: { cnf: { jkt: thumbprint, 'x5t#S256': thumbprint } } })
  const unknown = [{ jkt: thumbprint, jwk: {} }, { jkt: thumbprint, kid: 'k' }, { jkt: [thumbprint] }]
  for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }, { jwk: {} }, {}, [], 'x', null, ...unknown]) {
    refuses(checkBinding, 'binding_not_supported', { claims: { cnf } })
  }
})

test('delegation: actors are objects', () => {
  passes(checkDelegation, { claims: { act: { sub: 'agent' }, may_act: { sub: 'agent' } } })
  passes(checkDelegation, { claims: { act: { sub: 'agent', act: { sub: 'tool', iss: 'i', more: 1 } } } })
  for (const act of [{ sub: 1 }, { iss: {} }, { act: 'tool' }, { act: { sub: null } }]) {
    refuses(checkDelegation, 'malformed_claim', { claims: { act } })
  }
  for (const actor of ['agent', null, [], 7]) {
    refuses(checkDelegation, 'malformed_claim', { claims: { act: actor } })
    refuses(checkDelegation, 'malformed_claim', { claims: { may_act: actor } })
  }
})

test('scopes: the first claim that is there, a text or a list', () => {
  const scopes = (claims: JsonObject, options?: Partial<IssuerOptions>) => scopesOf(context({ claims }, options))
  assert.deepEqual(scopes({}), [])
  assert.deepEqual(scopes({ scope: null }), [])
  assert.deepEqual(scopes({ scope: '' }), [])
  assert.deepEqual(scopes({ scope: 'a b' }), ['a', 'b'])
  assert.deepEqual(scopes({ scope: ['a', 'b'] }), ['a', 'b'])
  assert.deepEqual(scopes({ scp: ['a'] }), ['a'])
  assert.deepEqual(scopes({ scp: 'a b' }), ['a', 'b'])
  assert.deepEqual(scopes({ scope: 'a', scp: 'b' }), ['a'])
  assert.deepEqual(scopes({ permissions: ['a'] }), [])
  assert.deepEqual(scopes({ permissions: ['a'] }, { scopeClaim: 'permissions' }), ['a'])
  assert.deepEqual(scopes({ scope: 'a', roles: ['b'] }, { scopeClaim: ['permissions', 'roles'] }), ['b'])
  for (const scope of [{}, 7, true, [7], ['a b'], 'a "b"', ' a', 'a  b']) {
    refuses(scopesOf, 'malformed_claim', { claims: { scope } })
  }
})

test('claim rules: equal, one of, contained, or as a function says', () => {
  const rule = (tid: NonNullable<IssuerOptions['claims']>[string]) => ({ claims: { tid } })
  passes(checkClaimRules, { claims: { tid: 'a' } }, rule('a'))
  passes(checkClaimRules, { claims: { tid: ['b', 'a'] } }, rule('a'))
  passes(checkClaimRules, { claims: { tid: 'b' } }, rule(['a', 'b']))
  passes(checkClaimRules, { claims: { tid: ['c', 'b'] } }, rule(['a', 'b']))
  passes(checkClaimRules, { claims: { tid: 7 } }, rule(7))
  passes(
    checkClaimRules,
    {},
    rule((value) => value === undefined),
  )
  for (const [claims, options] of [
    [{}, rule('a')],
    [{ tid: 'A' }, rule('a')],
    [{ tid: '7' }, rule(7)],
    [{ tid: 1 }, rule(true)],
    [{ tid: [] }, rule(['a'])],
    [{ tid: [['a']] }, rule('a')],
    [{ tid: null }, rule(() => false)],
  ] as const) {
    refuses(checkClaimRules, 'claim_rule', { claims }, options)
  }
})

test('what an object inherits is no claim and no parameter', () => {
  const inherit = (members: JsonObject): JsonObject => Object.create(members)
  refuses(checkSubject, 'subject_missing', { claims: inherit({ sub: 's' }) })
  refuses(checkTime, 'expiry_missing', { claims: inherit({ exp: now + 60 }) })
  refuses(algorithmOf, 'algorithm_not_allowed', { header: inherit({ alg: 'ES256' }) })
  assert.deepEqual(scopesOf(context({ claims: inherit({ scope: 'admin' }) })), [])
})
