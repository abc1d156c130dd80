import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { readOptions } from './read-options.ts'
import type { ResourceServerOptions } from './types.ts'

const good = { resource: 'https://mcp.example/mcp', issuers: [{ issuer: 'https://as.example' }] }

function refused(option: string, more: object, text: RegExp): void {
  assert.throws(
    () => readOptions({ ...good, ...more } as ResourceServerOptions),
    (error) => error instanceof ConfigError && error.option === option && text.test(error.message),
    option,
  )
}

test('dpop is off unless it is asked for', () => {
  assert.equal(readOptions(good).dpop, undefined)
  assert.equal(readOptions({ ...good, dpop: { mode: 'off', maxAge: 10 } }).dpop, undefined)
  const { dpop } = readOptions({ ...good, dpop: { mode: 'allowed' } })
  assert.deepEqual([dpop?.required, dpop?.maxAge, dpop?.nonce, dpop?.replayStore], [false, 300, undefined, undefined])
  assert.ok(dpop?.algorithms.has('ES256'))
  assert.equal(readOptions({ ...good, dpop: { mode: 'required' } }).dpop?.required, true)
})

test('dpop: what makes no sense is named', () => {
  refused('dpop', { dpop: true }, /object/)
  refused('dpop.mode', { dpop: {} }, /'allowed' or 'required'/)
  refused('dpop.mode', { dpop: { mode: 'on' } }, /'off'/)
  refused('dpop.mod', { dpop: { mod: 'off' } }, /did you mean mode/)
  refused('dpop.algorithms[0]', { dpop: { mode: 'allowed', algorithms: ['HS256'] } }, /symmetric/)
  refused('dpop.maxAge', { dpop: { mode: 'allowed', maxAge: 0 } }, /from 1 to 3600/)
  refused('dpop.replayStore', { dpop: { mode: 'off', replayStore: {} } }, /add\(id, expiresAt\)/)
  refused('dpop.nonce', { dpop: { mode: 'allowed', nonce: 'optional' } }, /'required' or \{ secret \}/)
  refused('dpop.nonce.secret', { dpop: { mode: 'allowed', nonce: { secret: 'short' } } }, /32/)
  refused('dpop.nonce.secret', { dpop: { mode: 'allowed', nonce: {} } }, /32/)
  refused('dpop.nonce.lifetime', { dpop: { mode: 'allowed', nonce: { secret: 'x'.repeat(32), lifetime: 1 } } }, /2/)
})

test('a secret is copied, and never part of an error', () => {
  const secret = new Uint8Array(32).fill(7)
  const { dpop } = readOptions({ ...good, dpop: { mode: 'allowed', nonce: { secret } } })
  secret.fill(0)
  assert.deepEqual(dpop?.nonce?.secret, new Uint8Array(32).fill(7))
  assert.throws(
    () => readOptions({ ...good, dpop: { mode: 'allowed', nonce: { secret: 'hunter2' } } }),
    (error) => error instanceof Error && !error.message.includes('hunter2'),
  )
})

test('API keys are bearers, so they do not go with required', () => {
  const apiKeys = { find: () => undefined }
  refused('dpop.mode', { apiKeys, dpop: { mode: 'required' } }, /apiKeys/)
  assert.equal(readOptions({ ...good, apiKeys, dpop: { mode: 'allowed' } }).dpop?.required, false)
})

test('mtls takes the certificate from the connection, or from a callback', () => {
  assert.equal(readOptions(good).findCertificate, undefined)
  const certificate = new Uint8Array(1)
  const request = { method: 'GET', url: '/', header: () => 'x', clientCertificate: () => certificate }
  assert.equal(readOptions({ ...good, mtls: {} }).findCertificate?.(request), certificate)
  assert.equal(readOptions({ ...good, mtls: { certificate: () => 'x' } }).findCertificate?.(request), 'x')
  refused('mtls', { mtls: true }, /object/)
  refused('mtls.certificate', { mtls: { certificate: 'x-client-cert' } }, /function/)
  refused('mtls.header', { mtls: { header: 'x-client-cert' } }, /unknown/)
})

test('the members of the metadata that come from these options are not given by hand', () => {
  for (const name of [
    'dpop_bound_access_tokens_required',
    'dpop_signing_alg_values_supported',
    'tls_client_certificate_bound_access_tokens',
  ]) {
    refused(`metadata.${name}`, { metadata: { [name]: true } }, /other options/)
  }
})
