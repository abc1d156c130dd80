import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { bearer, type Fixture, open } from './fixture.ts'
import { hosts } from './hosts.ts'

/** Runs of each property; POSTERN_FUZZ_RUNS asks for more. */
const numRuns = Number(process.env['POSTERN_FUZZ_RUNS'] ?? 300)

let fixture: Fixture
let token: string

before(async () => {
  const start = hosts['rs.authenticate']
  assert.ok(start !== undefined)
  fixture = await open(start)
  token = fixture.issuer.mint()
  await fixture.expect('OK', token)
})
after(() => fixture.close())

const answers = new Set([200, 400, 401, 403])

/** No input makes it fail, and nothing but the very token passes. */
async function withstands(authorization: string, mayPass = false): Promise<void> {
  const { status } = await fixture.send({ headers: { authorization } })
  assert.ok(answers.has(status), `answered ${status}`)
  if (!mayPass) assert.notEqual(status, 200)
}

const headerText = fc.string({ unit: 'grapheme-ascii', maxLength: 200 })
const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{0,80}$/)

test('any header', async () => {
  await fc.assert(
    fc.asyncProperty(headerText, (text) => withstands(text)),
    { numRuns },
  )
})

test('any bearer', async () => {
  await fc.assert(
    fc.asyncProperty(headerText, (text) => withstands(`Bearer ${text}`)),
    { numRuns },
  )
})

test('any three parts', async () => {
  await fc.assert(
    fc.asyncProperty(base64url, base64url, base64url, (a, b, c) => withstands(`Bearer ${a}.${b}.${c}`)),
    { numRuns },
  )
})

test('any JSON as header and claims, under a good issuer and key id', async () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const { kid } = fixture.issuer.signingKey()
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (header, claims) => {
      const object = typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? claims : { claims }
      const parts = [
        encode({ ...header, alg: 'ES256', kid }),
        encode({ ...object, iss: fixture.issuer.issuer }),
        'A'.repeat(86),
      ]
      return withstands(`Bearer ${parts.join('.')}`)
    }),
    { numRuns },
  )
})

test('any change of one character of a good token', async () => {
  const characters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ']
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...characters), async (at, character) => {
      const changed = token.slice(0, at) + character + token.slice(at + 1)
      await withstands(bearer(changed).headers?.['authorization']?.toString() ?? '', changed === token)
    }),
    { numRuns },
  )
})

test('any claims, properly signed: accepted or refused, never an error', async () => {
  const names = [
    'sub',
    'aud',
    'exp',
    'iat',
    'nbf',
    'jti',
    'scope',
    'scp',
    'client_id',
    'azp',
    'cnf',
    'act',
    'nonce',
    'iss',
  ]
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), fc.jsonValue()), (claims) =>
      withstands(`Bearer ${fixture.issuer.mint(claims)}`, true),
    ),
    { numRuns },
  )
})
