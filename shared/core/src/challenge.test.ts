import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildChallenge, isChallengeText, parseChallenges } from './challenge.ts'
import { limits } from './limits.ts'

const tokenChars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
const textChars = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index)).filter(
  (char) => char !== '"' && char !== '\\',
)
const token = fc.string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 12 })
const text = fc.string({ unit: fc.constantFrom(...textChars), minLength: 1, maxLength: 30 })
const params = fc.dictionary(
  token.filter((name) => name.toLowerCase() === name && name !== 'scope'),
  text,
  { maxKeys: 5 },
)

test('what is built parses to what went in', () => {
  fc.assert(
    fc.property(token, params, (scheme, given) => {
      const expected = { scheme, params: { ...given } }
      const [challenge, ...more] = parseChallenges(buildChallenge(scheme, given))
      assert.deepEqual(more, [])
      assert.equal(challenge?.scheme, scheme)
      assert.deepEqual(Object.entries(challenge?.params ?? {}), Object.entries(expected.params))
      assert.equal(challenge?.token68, undefined)
    }),
  )
})

test('several challenges in one header parse to each of them', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ scheme: token, params }), { minLength: 1, maxLength: 4 }), (challenges) => {
      const header = challenges.map((each) => buildChallenge(each.scheme, each.params)).join(', ')
      const parsed = parseChallenges(header)
      assert.deepEqual(
        parsed.map(({ scheme, params }) => [scheme, Object.entries(params)]),
        challenges.map(({ scheme, params }) => [scheme, Object.entries(params)]),
      )
    }),
  )
})

test('whatever a value holds, it is refused or stays one value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (value) => {
      let built: string
      try {
        built = buildChallenge('Bearer', { error_description: value, resource_metadata: 'https://mcp.example' })
      } catch (error) {
        assert.ok(error instanceof TypeError)
        assert.equal(isChallengeText(value), false)
        return
      }
      assert.match(built, /^[\x20-\x7e]+$/)
      assert.deepEqual(parseChallenges(built), [
        { scheme: 'Bearer', params: { error_description: value, resource_metadata: 'https://mcp.example' } },
      ])
    }),
    { numRuns: 300 },
  )
})

test('order as given, undefined left out, scheme alone', () => {
  assert.equal(
    buildChallenge('Bearer', {
      error: 'invalid_token',
      error_description: undefined,
      scope: 'read write',
      resource_metadata: 'https://mcp.example/.well-known/oauth-protected-resource/mcp',
    }),
    'Bearer error="invalid_token", scope="read write", resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp"',
  )
  assert.equal(buildChallenge('Bearer'), 'Bearer')
  assert.equal(buildChallenge('Bearer', { realm: undefined }), 'Bearer')
})

test('L1, F2: injection is refused, without the value in the message', () => {
  for (const value of [
    'a", resource_metadata="https://evil.example',
    'back\\slash',
    'line\r\nX: y',
    'a\0b',
    'tab\there',
    'é',
    '\x7f',
    '',
  ]) {
    assert.throws(
      () => buildChallenge('Bearer', { error_description: value }),
      (error) =>
        error instanceof TypeError &&
        error.message === 'error_description: a challenge parameter is printable ASCII without " and \\, and not empty',
    )
  }
  for (const name of ['', 'a b', 'a=', 'a"', 'é', 'a,b'])
    assert.throws(() => buildChallenge('Bearer', { [name]: 'x' }), TypeError)
  for (const scheme of ['', 'Bea rer', 'Bearer,', 'B"']) assert.throws(() => buildChallenge(scheme, {}), TypeError)
  assert.throws(() => buildChallenge('Bearer', { realm: 'a', Realm: 'b' }), /realm.*once/i)
})

test('scope takes scope-tokens with one space between', () => {
  assert.equal(buildChallenge('Bearer', { scope: 'a b:c' }), 'Bearer scope="a b:c"')
  for (const scope of ['', ' a', 'a ', 'a  b', 'a\tb', 'a"'])
    assert.throws(() => buildChallenge('Bearer', { scope }), TypeError)
})

test('parses the forms of RFC 9110', () => {
  const cases: [string, unknown][] = [
    ['Bearer', [{ scheme: 'Bearer', params: {} }]],
    ['Bearer a=', [{ scheme: 'Bearer', token68: 'a=', params: {} }]],
    [
      'Basic realm="a \\"quoted\\" \\\\ word", charset=UTF-8',
      [{ scheme: 'Basic', params: { realm: 'a "quoted" \\ word', charset: 'UTF-8' } }],
    ],
    ['Negotiate YWJj==', [{ scheme: 'Negotiate', token68: 'YWJj==', params: {} }]],
    [
      'Negotiate a, Basic Realm = "x" , Other',
      [
        { scheme: 'Negotiate', token68: 'a', params: {} },
        { scheme: 'Basic', params: { realm: 'x' } },
        { scheme: 'Other', params: {} },
      ],
    ],
    [
      'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
      [
        { scheme: 'Newauth', params: { realm: 'apps', type: '1', title: 'Login to "apps"' } },
        { scheme: 'Basic', params: { realm: 'simple' } },
      ],
    ],
    ['Digest qop="auth, auth-int",nonce=a', [{ scheme: 'Digest', params: { qop: 'auth, auth-int', nonce: 'a' } }]],
    [' Bearer realm="" ', [{ scheme: 'Bearer', params: { realm: '' } }]],
  ]
  for (const [header, expected] of cases) assert.deepEqual(parseChallenges(header), expected, header)
})

test('a parameter may be called __proto__', () => {
  const [challenge] = parseChallenges('Bearer __proto__="x"')
  assert.deepEqual(Object.entries(challenge?.params ?? {}), [['__proto__', 'x']])
})

test('refuses what a sender may not write', () => {
  const malformed = [
    '',
    ' ',
    ',',
    'Bearer,',
    ',Bearer',
    'Bearer a=1,,b=2',
    'Bearer a=1,',
    'Bearer a="x" b="y"',
    'Bearer a="x',
    'Bearer a="x"y',
    'Bearer a="b", a="c"',
    'Bearer a=1, A=2',
    'Bearer error="unexpected "aud" claim value"',
    'Bearer a=x/y',
    'Bearer "a"',
    'Bearer\ta=1',
    'Bearer a="\r\n"',
    'Bearer a="\0"',
    'Bearer a==, b=c',
    'é a=1',
    'Bearer a="\u0100"',
  ]
  for (const header of malformed) assert.throws(() => parseChallenges(header), SyntaxError, header)
  assert.throws(() => parseChallenges(`Bearer a="${'x'.repeat(limits.challengeLength)}"`), /too long/)
})

test('no text makes the parser do anything but answer or throw a SyntaxError', () => {
  const noise = fc.string({ unit: fc.constantFrom(...'aB1=," \t\\é/'), maxLength: 40 })
  fc.assert(
    fc.property(noise, (header) => {
      try {
        assert.ok(parseChallenges(header).length > 0)
      } catch (error) {
        assert.ok(error instanceof SyntaxError)
      }
    }),
    { numRuns: 2000 },
  )
})

test('time grows with the length, whatever the text', () => {
  for (const piece of [' ', 'a', 'a,', 'a=,', '=', '\\"', '"', 'a=1, ', 'a , ', '\t']) {
    const header = `Bearer a${piece.repeat(limits.challengeLength)}`.slice(0, limits.challengeLength)
    const start = performance.now()
    try {
      parseChallenges(header)
    } catch (error) {
      assert.ok(error instanceof SyntaxError)
    }
    assert.ok(performance.now() - start < 1000, JSON.stringify(piece))
  }
})
