import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readCredential } from './credentials.ts'
import { limits } from './limits.ts'
import { Refusal } from './refusal.ts'
import type { InboundRequest } from './request.ts'

function request(authorization: string | undefined, more: Partial<InboundRequest> = {}): InboundRequest {
  return {
    method: 'POST',
    url: '/mcp',
    header: (name) => (name === 'authorization' ? authorization : undefined),
    ...more,
  }
}

function readBearer(inbound: InboundRequest): string {
  return readCredential(inbound, false).token
}

function refused(reason: string, inbound: InboundRequest): void {
  assert.throws(
    () => readBearer(inbound),
    (error) => error instanceof Refusal && error.reason === reason,
  )
}

test('takes the token whatever the case of the scheme and however many spaces follow it', () => {
  for (const header of ['Bearer abc', 'bearer abc', 'BEARER abc', 'BeArEr abc', 'Bearer   abc', 'Bearer abc ']) {
    assert.equal(readBearer(request(header)), 'abc')
  }
})

test('finds no credential where none of its kind is', () => {
  const headers = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic dTpw',
    'Token abc',
    'DPoP abc',
    'Bearerabc',
    'Bearer\tabc',
  ]
  for (const header of headers) refused('no_credential', request(header))
})

test('with DPoP both schemes are credentials, in any case, and the request goes along for proofs', () => {
  const inbound = request('dPoP  abc ')
  assert.deepEqual(readCredential(inbound, true), { scheme: 'DPoP', token: 'abc', request: inbound })
  assert.equal(readCredential(request('Bearer abc'), true).scheme, 'Bearer')
  for (const header of ['DPoP', 'DPoP ', 'DPoPabc', 'constructor abc', '__proto__ abc']) {
    assert.throws(
      () => readCredential(request(header), true),
      (error) => error instanceof Refusal && error.reason === 'no_credential',
    )
  }
})

test('a second part, a second header or a token in the query beside it is malformed', () => {
  refused('malformed_header', request('Bearer abc x'))
  refused('malformed_header', request('Bearer abc, Bearer def'))
  refused(
    'malformed_header',
    request('Bearer abc', { rawHeaders: ['Authorization', 'Bearer abc', 'AUTHORIZATION', 'x'] }),
  )
  refused('several_credentials', request('Bearer abc', { url: '/mcp?access_token=x' }))
  refused('several_credentials', request('Bearer abc', { url: '/mcp?a=1&access%5Ftoken=x' }))
  refused('several_credentials', request('Bearer abc', { url: 'https://mcp.example?access_token=x' }))
})

test('a token in the query alone is no credential, and other queries do not matter', () => {
  refused('no_credential', request(undefined, { url: '/mcp?access_token=abc' }))
  assert.equal(readBearer(request('Bearer abc', { url: '/mcp?my_access_token=x&other' })), 'abc')
})

test('a value that only looks like a second header name does not count', () => {
  const rawHeaders = ['X-Name', 'authorization', 'Authorization', 'Bearer abc', 'x-authorization', 'no']
  assert.equal(readBearer(request('Bearer abc', { rawHeaders })), 'abc')
})

test('the limit is inclusive', () => {
  assert.equal(readBearer(request(`Bearer ${'a'.repeat(limits.tokenLength)}`)).length, limits.tokenLength)
  refused('token_too_large', request(`Bearer ${'a'.repeat(limits.tokenLength + 1)}`))
})

test('any header gives one token without white space or a refusal, never another error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (value, url) => {
      for (const header of [value, `Bearer ${value}`]) {
        try {
          assert.match(readBearer(request(header, { url })), /^[^ \t]+$/)
        } catch (error) {
          assert.ok(error instanceof Refusal)
        }
      }
    }),
  )
})
