import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readBasic, readClaim } from './credentials.ts'

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('readBasic', () => {
  test('reads what was form-encoded (RFC 6749 §2.3.1)', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (clientId, clientSecret) => {
        const form = (text: string) => new URLSearchParams({ x: text }).toString().slice(2)
        const read = readBasic(basic(`${form(clientId)}:${form(clientSecret)}`))
        assert.deepEqual(read, { clientId: clientId.toWellFormed(), clientSecret: clientSecret.toWellFormed() })
      }),
    )
  })

  test('a secret of ours needs no encoding, and may hold a colon of somebody else', () => {
    assert.deepEqual(readBasic(basic('agent:a-_b:c')), { clientId: 'agent', clientSecret: 'a-_b:c' })
  })

  for (const header of [
    undefined,
    '',
    'Basic',
    'Basic !!!',
    'Bearer abc',
    basic('no colon'),
    basic(':x'),
    basic('a:%'),
  ]) {
    test(`leaves ${header ?? 'nothing'} to the library`, () => {
      assert.equal(readBasic(header), undefined)
    })
  }
})

describe('readClaim', () => {
  test('from HTTP Basic', () => {
    const claim = readClaim(basic('agent:secret'), { client_id: 'other' })
    assert.deepEqual(claim, { clientId: 'agent', withSecret: true })
  })

  test('from the body, with a secret', () => {
    const claim = readClaim(undefined, { client_id: 'agent', client_secret: 'x' })
    assert.deepEqual(claim, { clientId: 'agent', withSecret: true })
    assert.equal(readClaim(undefined, { client_id: 'agent' }), undefined)
    assert.equal(readClaim(undefined, { client_secret: 'x' }), undefined)
  })

  test('from the subject of an assertion', () => {
    const assertion = `${part({ alg: 'ES256' })}.${part({ sub: 'agent' })}.sig`
    const claim = readClaim(undefined, { client_assertion: assertion, client_id: 'other' })
    assert.deepEqual(claim, { clientId: 'agent', withSecret: false })
  })

  for (const payload of ['', 'e30', '*', part(['sub']), part({ sub: 5 }), part(null), 'bnVsbA']) {
    test(`an assertion with the payload ${payload || '(empty)'} claims nobody`, () => {
      assert.equal(readClaim(undefined, { client_assertion: `e30.${payload}.sig` }), undefined)
    })
  }
})
