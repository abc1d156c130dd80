import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reason } from '@postern/core'
import { Refusal } from './refusal.ts'
import { prepareRefusals } from './reply.ts'
import { combineRequirements } from './requirement.ts'

const resource = 'https://mcp.example/mcp'
const metadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'
const requirement = combineRequirements(['read', 'write'])
const replyTo = prepareRefusals(requirement, { metadataUrl, resourceName: 'unused', resource })

function challengeOf(reason: Reason): string | undefined {
  return replyTo(new Refusal(reason)).headers['www-authenticate']
}

test('without a credential the challenge says where to begin and names no error', () => {
  const reply = replyTo(new Refusal('no_credential'))
  assert.equal(reply.status, 401)
  assert.equal(reply.body, undefined)
  assert.equal(reply.headers['www-authenticate'], `Bearer resource_metadata="${metadataUrl}", scope="read write"`)
})

test('a bad token gets one fixed answer, whatever is bad about it', () => {
  const expired = replyTo(new Refusal('expired'))
  assert.equal(expired.status, 401)
  assert.equal(
    expired.headers['www-authenticate'],
    'Bearer error="invalid_token", error_description="The access token is malformed, expired, revoked or not meant ' +
      `for this resource", scope="read write", resource_metadata="${metadataUrl}"`,
  )
  for (const reason of ['bad_signature', 'audience_mismatch', 'unknown_key', 'issuer_unknown', 'revoked'] as const) {
    assert.deepEqual(replyTo(new Refusal(reason)), expired)
  }
})

test('missing scopes: 403 with all that is needed', () => {
  const reply = replyTo(new Refusal('insufficient_scope'))
  assert.equal(reply.status, 403)
  assert.equal(
    challengeOf('insufficient_scope'),
    `Bearer error="insufficient_scope", scope="read write", resource_metadata="${metadataUrl}"`,
  )
  assert.equal(JSON.parse(reply.body ?? '').error, 'insufficient_scope')
})

test('malformed: 400; policy: 403 without a challenge; unforeseen: 500 without a word', () => {
  assert.equal(replyTo(new Refusal('malformed_header')).status, 400)
  assert.match(challengeOf('malformed_header') ?? '', /^Bearer error="invalid_request", /)
  const policy = replyTo(new Refusal('client_not_allowed'))
  assert.deepEqual([policy.status, policy.body], [403, '{"error":"access_denied"}'])
  assert.equal(challengeOf('claim_rule'), undefined)
  const elsewhere = replyTo(new Refusal('origin_not_allowed'))
  assert.equal(elsewhere.status, 403)
  assert.equal(challengeOf('origin_not_allowed'), undefined)
  assert.deepEqual(JSON.parse(elsewhere.body ?? ''), {
    error: 'access_denied',
    error_description: 'The Host or Origin header is not one that this server answers to',
  })
  const internal = replyTo(new Refusal('internal'))
  assert.deepEqual([internal.status, internal.body], [500, '{"error":"server_error"}'])
  assert.equal(challengeOf('internal'), undefined)
})

test('unavailable: 503 with Retry-After in whole seconds, at least one', () => {
  const waits = [undefined, 0, 0.2, 3.2].map((retryAfter) => {
    const refusal = new Refusal('keys_unavailable', retryAfter === undefined ? {} : { retryAfter })
    const reply = replyTo(refusal)
    assert.equal(reply.status, 503)
    assert.equal(reply.body, '{"error":"temporarily_unavailable"}')
    assert.equal(reply.headers['www-authenticate'], undefined)
    return reply.headers['retry-after']
  })
  assert.deepEqual(waits, ['5', '1', '1', '4'])
})

const dpop = { required: false, algorithms: new Set(['ES256', 'EdDSA']) }

test('with DPoP there is a challenge for each scheme that is accepted, that of bearers first', () => {
  const allowed = prepareRefusals(requirement, { metadataUrl, resourceName: 'unused', resource, dpop })
  const challenge = (reason: Reason) => allowed(new Refusal(reason)).headers['www-authenticate']
  const rest = `resource_metadata="${metadataUrl}", scope="read write"`
  assert.equal(challenge('no_credential'), `Bearer ${rest}, DPoP algs="ES256 EdDSA", ${rest}`)
  assert.match(
    challenge('dpop_proof_expired') ?? '',
    /^Bearer resource_.+, DPoP algs="ES256 EdDSA", error="invalid_dpop_/,
  )
  assert.match(
    challenge('token_not_bound') ?? '',
    /^Bearer error="invalid_token", .+, DPoP algs="[^"]+", error="invalid_t/,
  )
  assert.equal(challenge('replay_store_unavailable'), undefined)
  assert.equal(challenge('claim_rule'), undefined)
})

test('where DPoP is required there is no challenge for bearers', () => {
  const only = { metadataUrl, resourceName: 'unused', resource, dpop: { ...dpop, required: true } }
  const reply = prepareRefusals(requirement, only)(new Refusal('dpop_nonce_required', { nonce: 'n' }))
  assert.equal(reply.status, 401)
  assert.equal(reply.headers['dpop-nonce'], 'n')
  assert.match(reply.headers['www-authenticate'] ?? '', /^DPoP algs="ES256 EdDSA", error="use_dpop_nonce", /)
  assert.equal(JSON.parse(reply.body ?? '').error, 'use_dpop_nonce')
})

test('without metadata the challenge has a realm, so that no client starts OAuth', () => {
  const bare = prepareRefusals(combineRequirements(), { metadataUrl: undefined, resourceName: 'My tools', resource })
  assert.equal(bare(new Refusal('no_credential')).headers['www-authenticate'], 'Bearer realm="My tools"')
  assert.match(
    bare(new Refusal('api_key_unknown')).headers['www-authenticate'] ?? '',
    /^Bearer realm="My tools", error="invalid_token", error_description="[^"]+"$/,
  )
})

test('no refusal may be cached, and every body is JSON', () => {
  for (const reason of [
    'no_credential',
    'expired',
    'token_too_large',
    'insufficient_scope',
    'claim_rule',
    'timeout',
    'internal',
  ] as const) {
    const { headers, body } = replyTo(new Refusal(reason))
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['content-type'], body === undefined ? undefined : 'application/json')
  }
})

test('a name that no header can hold gives way to the URL', () => {
  for (const resourceName of ['My "tools"', 'Werkzeuge für alle', 'a\r\nx: y', 'back\\slash']) {
    const bare = prepareRefusals(combineRequirements(), { metadataUrl: undefined, resourceName, resource })
    assert.equal(bare(new Refusal('no_credential')).headers['www-authenticate'], `Bearer realm="${resource}"`)
  }
})

test('a scope that cannot be shown is a mistake of the options: at the start it throws, later it is a 500', () => {
  const advertise = (scope: string) => {
    if (scope === 'delete') throw new TypeError('delete')
    return `api://x/${scope}`
  }
  const settings = { metadataUrl, resourceName: 'unused', resource, advertise }
  const shown = prepareRefusals(requirement, settings)
  const insufficient = (needed: string[]) =>
    shown(new Refusal('insufficient_scope', { requirement: combineRequirements(needed) }))
  assert.match(insufficient(['list']).headers['www-authenticate'] ?? '', /scope="api:\/\/x\/list"/)
  assert.equal(insufficient(['delete']).status, 500)
  assert.throws(() => prepareRefusals(combineRequirements(['delete']), settings), TypeError)
})
