import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateApiKey } from '@postern/core'
import { hashSecret } from '../secret.ts'
import { seed } from './seed.ts'
import { validate } from './validate.ts'

/** `field code: message` of every mistake. */
function mistakes(value: object): string[] {
  const result = validate(seed, { version: 1, ...value })
  return result.ok ? [] : result.errors.map(({ field, code, message }) => `${field} ${code}: ${message}`)
}

function assertMistake(value: object, start: string): void {
  const found = mistakes(value)
  assert.equal(found.length, 1, JSON.stringify(found))
  assert.ok(found[0]?.startsWith(start), found[0])
}

const one = hashSecret('one')
const two = hashSecret('two')
const end = '2027-01-31T12:00:00Z'

describe('the secrets of a seeded client', () => {
  const machine = { clientId: 'c', clientType: 'MACHINE_TO_MACHINE' }
  const of = (client: object) => ({ pools: [{ id: 'p', clients: [{ ...machine, ...client }] }] })
  const field = 'pools[0].clients[0].secretHash'

  test('one hash, one with its end, or those that live side by side', () => {
    const forms = [one, { hash: one }, { hash: one, expiresAt: end }, [], [one], [one, two], [{ hash: one }, two]]
    for (const secretHash of forms) assert.deepEqual(mistakes(of({ secretHash })), [])
    const past = { hash: one, expiresAt: '2020-01-01T00:00:00Z' }
    assert.deepEqual(mistakes(of({ secretHash: past })), [], 'a file stays when its time is over')
  })

  test('also beside keys, for a client may change its method', () => {
    const keyed = { tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: 'https://client.example/jwks' }
    assert.deepEqual(mistakes(of({ ...keyed, secretHash: [one, two] })), [])
    assert.deepEqual(mistakes(of(keyed)), [])
    assertMistake(of({ ...keyed, clientSecret: 'x'.repeat(32) }), 'pools[0].clients[0].clientSecret invalid: a client')
  })

  const wrong: [unknown, string][] = [
    [5, `${field} invalid: must be a hash, or {hash, expiresAt}, or a list of these`],
    [null, `${field} invalid: must be a hash, or {hash, expiresAt}, or a list of these`],
    ['short', `${field} invalid: must be a SHA-256 in base64url, 43 characters`],
    [{ hash: 'short' }, `${field}.hash invalid: must be a SHA-256 in base64url`],
    [{ hash: one, expires: end }, `${field}.expires unknown_field: there is no such field; did you mean "expiresAt"?`],
    [{ hash: one, expiresAt: 'soon' }, `${field}.expiresAt invalid: must be a time such as`],
    [[one, two, hashSecret('three')], `${field} too_long: has more than 2 items; remove some`],
    [[one, one], `${field}[1] repeated: is the same secret as [0]; remove one`],
    [[one, { hash: one, expiresAt: end }], `${field}[1] repeated`],
    [[5], `${field}[0] invalid: must be a hash, or {hash, expiresAt}`],
    [[[one]], `${field}[0] invalid: must be a hash, or {hash, expiresAt}`],
    [[{}], `${field}[0].hash required`],
  ]
  for (const [secretHash, start] of wrong) {
    test(`not ${JSON.stringify(secretHash).slice(0, 40)}`, () => assertMistake(of({ secretHash }), start))
  }

  test('not both, not none, not for a public client', () => {
    const clientSecret = 'x'.repeat(32)
    assertMistake(
      of({ clientSecret, secretHash: [one] }),
      `${field} invalid: give clientSecret or secretHash, not both`,
    )
    assertMistake(of({}), 'pools[0].clients[0].clientSecret required: a seeded client brings its secret')
    const page = { clientType: 'SINGLE_PAGE_APPLICATION', secretHash: [] }
    assertMistake(of(page), `${field} invalid: a client of type SINGLE_PAGE_APPLICATION can keep no secret`)
  })
})

describe('a seeded pool', () => {
  const of = (pool: object) => ({ pools: [{ id: 'p', ...pool }] })

  test('is enabled or not', () => {
    for (const enabled of [true, false]) assert.deepEqual(mistakes(of({ enabled })), [])
    assertMistake(of({ enabled: 'no' }), 'pools[0].enabled invalid: must be a boolean, not a string')
    assertMistake(of({ enabled: null }), 'pools[0].enabled invalid: must be a boolean, not null')
  })

  test('has a default, none, or one to come', () => {
    for (const defaultResource of ['/mcp', 'urn:example:a', null, { toCome: '/mcp' }, { toCome: 'urn:example:a' }]) {
      assert.deepEqual(mistakes(of({ defaultResource })), [])
    }
    const field = 'pools[0].defaultResource'
    const wrong: [unknown, string][] = [
      [5, `${field} invalid: must be a resource, or null for none, or {toCome: resource}`],
      [[], `${field} invalid: must be a resource, or null for none, or {toCome: resource}`],
      ['mcp', `${field} invalid: write an absolute URL`],
      ['/api/x', `${field} invalid: /api is taken by the gateway itself`],
      [{ toCome: 'mcp' }, `${field}.toCome invalid: write an absolute URL`],
      [{ toCome: null }, `${field}.toCome invalid: must be a string, not null`],
      [
        { toCome: '/mcp', tocome: '/mcp' },
        `${field}.tocome unknown_field: there is no such field; did you mean "toCome"?`,
      ],
    ]
    for (const [defaultResource, start] of wrong) assertMistake(of({ defaultResource }), start)
  })
})

test('the keys of a seeded service differ in name and in value', () => {
  const of = (apiKeys: object[]) => ({
    services: [{ id: 's', path: '/s', backend: { type: 'builtin' }, authorizers: [{ type: 'ApiKey', apiKeys }] }],
  })
  const field = 'services[0].authorizers[0].apiKeys[1]'
  const key = generateApiKey()
  assert.deepEqual(
    mistakes(
      of([
        { name: 'a', key },
        { name: 'b', key: generateApiKey() },
      ]),
    ),
    [],
  )
  assertMistake(
    of([
      { name: 'a', key },
      { name: 'a', key: generateApiKey() },
    ]),
    `${field}.name repeated`,
  )
  assertMistake(
    of([
      { name: 'a', key },
      { name: 'b', key },
    ]),
    `${field}.key repeated: is that of [0] too`,
  )
  assertMistake(
    of([
      { name: 'a', keyHash: one },
      { name: 'b', keyHash: one },
    ]),
    `${field}.keyHash repeated`,
  )
  for (const mistake of mistakes(
    of([
      { name: 'a', key },
      { name: 'b', key },
    ]),
  ))
    assert.ok(!mistake.includes(key))
})

test('an entry is there once', () => {
  const client = { clientId: 'c', clientType: 'SINGLE_PAGE_APPLICATION' }
  const service = { path: '/s', backend: { type: 'builtin' } }
  const accessKey = { accessKeyId: 'a', secretAccessKey: 'x'.repeat(16) }
  const cases: [object, string][] = [
    [
      { pools: [{ id: 'p' }, { id: 'q' }, { id: 'p', name: 'other' }] },
      'pools[2].id repeated: is the same as [0].id; give',
    ],
    [{ pools: [{ id: 'p' }, { id: 'q', name: 'p' }] }, 'pools[1].name repeated: is the same as [0].name; give'],
    [{ pools: [{ id: 'p', clients: [client, client] }] }, 'pools[0].clients[1].clientId repeated'],
    [
      { pools: [{ id: 'p', resources: [{ identifier: '/a' }, { identifier: '/b' }, { identifier: '/a' }] }] },
      'pools[0].resources[2].identifier repeated: is the same as [0].identifier',
    ],
    [
      {
        services: [
          { ...service, id: 's' },
          { ...service, id: 's', path: '/t' },
        ],
      },
      'services[1].id repeated',
    ],
    [
      {
        services: [
          { ...service, id: 's' },
          { ...service, id: 't' },
        ],
      },
      'services[1].path repeated',
    ],
    [{ accessKeys: [accessKey, accessKey] }, 'accessKeys[1].accessKeyId repeated'],
  ]
  for (const [value, start] of cases) assertMistake(value, start)
  assert.deepEqual(mistakes({ pools: [{ id: 'p' }, { id: 'q', name: 'p', projectName: 'lab' }] }), [])
})
