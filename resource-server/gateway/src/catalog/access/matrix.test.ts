import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiKey, Authorizer, ServiceAccess } from '../types.ts'
import { accessMatrix, accessWarnings, namedTools } from './matrix.ts'

const jwt: Authorizer = {
  type: 'CustomJWT',
  discoveryUrl: 'https://as.example/.well-known/openid-configuration',
  issuer: 'https://as.example',
  requiredScopes: ['mcp'],
}
const keyNamed = (name: string, more: Partial<ApiKey> = {}): ApiKey => ({
  id: `id-of-${name}`,
  serviceId: 's',
  name,
  hash: 'h',
  hint: 'pst_…',
  createdAt: 0,
  ...more,
})
const access: ServiceAccess = {
  rules: [
    { tools: ['read'] },
    { tools: ['write'], scopes: ['mcp', 'files:write'] },
    { tools: ['write'], groups: ['Engineers'] },
    { tools: ['drop'], clients: ['agent'], claims: { level: 3 } },
    { tools: ['*'], apiKeys: ['ops'] },
  ],
}
const tools = ['read', 'write', 'drop']

/** Each caller's cells in the order of the tools. */
function rows(input: Parameters<typeof accessMatrix>[0]): Record<string, unknown[]> {
  return Object.fromEntries(
    accessMatrix(input).map(({ kind, name, tools: cells }) => [
      `${kind} ${name}`,
      cells.map(({ allowed, anyOf }) => anyOf ?? allowed),
    ]),
  )
}

test('keys, clients, groups, and any other token: yes, no, or what they need besides', () => {
  const keys = [
    keyNamed('ops'),
    keyNamed('dev'),
    keyNamed('writer', { scopes: ['mcp', 'files:write'], tools: ['write', 'drop'] }),
  ]
  assert.deepEqual(rows({ access, authorizers: [{ type: 'ApiKey' }, jwt], keys, tools }), {
    'apiKey ops': ['yes', 'yes', 'yes'],
    'apiKey dev': ['yes', [{ scopes: ['files:write'] }], 'no'],
    'apiKey writer': ['no', 'yes', 'no'],
    'client agent': ['yes', [{ scopes: ['files:write'] }, { groups: ['Engineers'] }], [{ claims: { level: 3 } }]],
    'group Engineers': ['yes', 'yes', [{ clients: ['agent'], claims: { level: 3 } }]],
    'token any other': [
      'yes',
      [{ scopes: ['files:write'] }, { groups: ['Engineers'] }],
      [{ clients: ['agent'], claims: { level: 3 } }],
    ],
  })
})

test('without rules everybody may; where clients are listed there is no other', () => {
  const closed = { ...jwt, allowedClients: ['one', 'two'] }
  assert.deepEqual(rows({ access: undefined, authorizers: [closed], keys: [], tools: ['t'] }), {
    'client one': ['yes'],
    'client two': ['yes'],
  })
  assert.deepEqual(rows({ access, authorizers: [{ type: 'ApiKey' }], keys: [keyNamed('dev')], tools: ['read'] }), {
    'apiKey dev': ['yes'],
  })
})

test('slips are named with the mend', () => {
  const slips: ServiceAccess = {
    rules: [
      { tools: ['raed', '*'], apiKeys: ['opps'] },
      { tools: ['read'], clients: ['agent', 'three'] },
    ],
  }
  const input = { access: slips, keys: [keyNamed('ops')], tools }
  assert.deepEqual(accessWarnings({ ...input, authorizers: [{ ...jwt, allowedClients: ['agent'] }] }, true), [
    'access.rules[0]: the backend has no tool "raed"; did you mean "read"?',
    'access.rules[0]: the service has no API key "opps"; did you mean "ops"?',
    'access.rules[1]: client "three" is not among allowedClients, so it never gets in',
  ])
  const [, last] = accessWarnings({ ...input, authorizers: [{ type: 'ApiKey' }] }, false)
  assert.match(last ?? '', /rules\[1\]: is about tokens, and the service takes API keys alone; add a CustomJWT/)
  assert.deepEqual(namedTools({ access: slips, keys: [keyNamed('x', { tools: ['more'] })] }), ['raed', 'read', 'more'])
})
