import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createReplayStore } from '../dpop/replay-store.ts'
import { signMetadata } from '../sign-metadata.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import { createSigningKey } from '../testing/signing.ts'
import { createUpstreamFetch } from '../upstream/upstream-fetch.ts'
import { ConfigError } from './config-error.ts'

/** Options as a JavaScript program may write them. */
const untyped = (options: unknown) => options as never

const resource = { resource: 'https://mcp.example/mcp', issuers: [{ issuer: 'https://as.example' }] }
const pair = createSigningKey('ES256')
const key = pair.privateKey.export({ format: 'jwk' })
const sign = (changes: object) => signMetadata(resource, untyped({ key, algorithm: 'ES256', ...changes }))
const store = (options: unknown) => createReplayStore(untyped(options))
const upstream = (options: unknown) => createUpstreamFetch({ token: 'token' }, untyped(options))
const fake = (options: unknown) => createFakeIssuer(untyped(options))

/** Options that are nobody's: the error names the option and the mend. */
const table: readonly (readonly [option: string, mend: RegExp, call: () => unknown])[] = [
  ['maxEntries', /number from 1/, () => store({ maxEntries: 'x' })],
  ['maxEntries', /number from 1/, () => store({ maxEntries: -1 })],
  ['maxEntries', /number from 1/, () => store({ maxEntries: 0 })],
  ['maxEntries', /number from 1/, () => store({ maxEntries: Number.NaN })],
  ['maxEntries', /16000000/, () => store({ maxEntries: Number.POSITIVE_INFINITY })],
  ['maxEntry', /did you mean maxEntries\?/, () => store({ maxEntry: 5 })],
  ['clock', /now\(\)/, () => store({ clock: Date })],
  ['options', /an object/, () => store(7)],
  ['fetcher', /did you mean fetch\?/, () => upstream({ fetcher: fetch })],
  ['fetch', /function/, () => upstream({ fetch: 'global' })],
  ['auth.token', /not empty/, () => createUpstreamFetch({ token: '' })],
  ['signer', /an object/, () => signMetadata(resource, untyped(undefined))],
  ['signer.alg', /known are key, algorithm, kid/, () => sign({ alg: 'ES256' })],
  ['signer.algorithm', /must be one of ES256/, () => sign({ algorithm: 'HS256' })],
  ['signer.algorithm', /must be one of ES256/, () => sign({ algorithm: 'none' })],
  ['signer.algorithm', /must be one of ES256/, () => sign({ algorithm: undefined })],
  ['signer.key', /private JWK or CryptoKey for ES256/, () => sign({ key: undefined })],
  ['signer.key', /private JWK/, () => sign({ key: pair.jwk })],
  ['signer.key', /private JWK/, () => sign({ key: { kty: 'oct', k: 'AAAA' } })],
  ['signer.key', /CryptoKey for RS256/, () => sign({ algorithm: 'RS256' })],
  ['signer.kid', /not empty/, () => sign({ kid: '' })],
  ['audiences', /did you mean audience\?/, () => fake({ audiences: 'x' })],
  ['audience', /list of strings/, () => fake({ audience: 7 })],
  ['algorithm', /'ES256' or/, () => fake({ algorithm: 'HS256' })],
  ['path', /such as '\/tenant'/, () => fake({ path: 'tenant' })],
  ['path', /slash at its end/, () => fake({ path: '/tenant/' })],
  ['metadataPlace', /0, 1 or 2/, () => fake({ metadataPlace: 3 })],
  ['clock', /now\(\)/, () => fake({ clock: {} })],
]

describe('nothing that is given is ignored', () => {
  for (const [option, mend, call] of table) {
    test(`${option}: ${mend.source}`, async () => {
      const error = await (async () => call())().catch((reason: unknown) => reason)
      assert.ok(error instanceof ConfigError, String(error))
      assert.equal(error.option, option)
      assert.match(error.message, mend)
    })
  }
  test('what is right passes', async () => {
    assert.equal(createReplayStore({ maxEntries: 1 }).add('a', Date.now()), true)
    assert.equal(typeof upstream({ fetch }), 'function')
    assert.equal(typeof (await sign({ kid: 'k' })).metadata?.['signed_metadata'], 'string')
    const issuer = await createFakeIssuer({ path: '/a/b', algorithm: 'EdDSA', metadataPlace: 2, audience: ['x', 'y'] })
    await issuer.close()
  })
})
