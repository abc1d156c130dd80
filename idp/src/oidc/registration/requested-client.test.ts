import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grantTypes } from '@postern/server'
import fc from 'fast-check'
import { limits } from '../../limits.ts'
import { Refusal } from '../refusal.ts'
import { type Offer, offerOf } from './offer.ts'
import { checkRedirectUri } from './redirect-uri.ts'
import { readRequestedClient } from './requested-client.ts'

const resources = [{ scopes: [{ name: 'read' }, { name: 'write' }] }, { scopes: [{ name: 'list' }] }]

test('a pool offers its scopes, those of OpenID, and no grant without a person', () => {
  const offer = offerOf({ deviceFlowEnabled: true, resources })
  assert.deepEqual(
    offer.grantTypes,
    grantTypes.filter((type) => type !== 'client_credentials'),
  )
  for (const scope of ['openid', 'email', 'offline_access', 'read', 'write', 'list']) assert.ok(offer.scopes.has(scope))
  assert.equal(offer.scopes.has('admin'), false)
  assert.equal(offerOf({ deviceFlowEnabled: false, resources }).grantTypes.length, 2)
})

const text = fc.oneof(
  fc.constantFrom('none', 'client_secret_post', 'private_key_jwt', 'code', 'authorization_code', 'refresh_token'),
  fc.constantFrom(
    'client_credentials',
    'implicit',
    'https://a.example/cb',
    'http://127.0.0.1/',
    'cursor://x/cb',
    'read',
  ),
  fc.constantFrom('http://evil.example/', 'javascript:alert(1)', 'https://a.example/#', 'openid read', ''),
  fc.string(),
)
const value = fc.oneof(text, fc.array(text, { maxLength: 4 }), fc.anything())
const member = fc.constantFrom(
  ...['redirect_uris', 'grant_types', 'response_types', 'token_endpoint_auth_method', 'scope', 'client_name', 'jwks'],
  ...['jwks_uri', 'logo_uri', 'client_uri', 'post_logout_redirect_uris', '__proto__', 'constructor'],
)
const metadata = fc.dictionary(member, value, { noNullPrototype: true })
const redirects = fc.array(fc.constantFrom('https://a.example/cb', 'http://localhost/', 'com.example:/cb'), {
  maxLength: 3,
})

test('whatever is sent, what comes of it can be had by a stranger, or it is refused with a sentence', () => {
  const offer: Offer = offerOf({ deviceFlowEnabled: true, resources })
  let read = 0
  const property = fc.property(metadata, fc.option(redirects, { nil: undefined }), (sent, uris) => {
    const asked = uris === undefined ? sent : { ...sent, redirect_uris: uris }
    try {
      const client = readRequestedClient(asked, offer)
      read += 1
      assert.ok(client.grantTypes.length > 0 && client.grantTypes.every((type) => offer.grantTypes.includes(type)))
      assert.ok(!client.grantTypes.includes('authorization_code') || client.redirectUris.length > 0)
      assert.ok([...client.redirectUris, ...client.postLogoutRedirectUris].every((uri) => checkRedirectUri(uri).ok))
      assert.ok((client.scopes ?? []).every((scope) => offer.scopes.has(scope)))
      assert.ok(client.name.length > 0 && client.name.length <= limits.clientName)
      assert.ok(client.clientType !== 'MACHINE_TO_MACHINE')
      assert.equal(client.clientType === 'WEB_APPLICATION', client.tokenEndpointAuthMethod !== 'none')
      assert.equal(
        client.jwks !== undefined || client.jwksUri !== undefined,
        client.tokenEndpointAuthMethod === 'private_key_jwt',
      )
      for (const uri of [client.logoUri, client.clientUri, client.jwksUri])
        assert.match(uri ?? 'https://', /^https:\/\//i)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      assert.ok(['invalid_redirect_uri', 'invalid_client_metadata'].includes(error.code))
      assert.match(error.description, /^[a-z_]+[\w.[\]]*: .+/)
      assert.ok(error.description.length < 300)
    }
  })
  fc.assert(property, { numRuns: 5_000 })
  assert.ok(read > 200, 'hardly anything was taken')
})
