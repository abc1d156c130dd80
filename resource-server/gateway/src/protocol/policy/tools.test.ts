import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Authorizer, ServedService } from '../../catalog/types.ts'
import type { Principal } from '../caller.ts'
import { mergedName } from '../toolset/names.ts'
import { toolPolicy } from './tools.ts'

const jwt = (issuer: string): Authorizer => ({ type: 'CustomJWT', discoveryUrl: `${issuer}/x`, issuer })

function service(id: string, more: Partial<ServedService> = {}): ServedService {
  return {
    id,
    name: id,
    path: `/${id}`,
    url: `http://localhost/${id}`,
    revision: 1,
    backendRevision: 1,
    backend: { type: 'builtin' },
    authorizers: [{ type: 'ApiKey' }, jwt('https://ours.example')],
    isolation: 'caller',
    rootMetadata: false,
    preparing: false,
    ...more,
  }
}

function principal(
  kind: 'api-key' | 'token',
  { scopes = [], issuer, tools }: { scopes?: string[]; issuer?: string; tools?: string[] } = {},
): Principal {
  const caller = { key: 'k', kind, subject: 's', clientId: 'agent', scopes }
  return {
    caller,
    tools: tools && new Set(tools),
    expiresAt: undefined,
    subject: () => ({
      kind,
      apiKeyName: kind === 'api-key' ? 'ci' : undefined,
      issuer,
      clientId: 'agent',
      scopes: new Set(scopes),
      groups: new Set(),
      claims: {},
    }),
  }
}

const ours = { issuer: 'https://ours.example' }
const plain = service('plain')
const strict = service('strict', {
  access: {
    rules: [
      { tools: ['free'] },
      { tools: ['client'], clients: ['agent'] },
      { tools: ['key'], apiKeys: ['ci'] },
      { tools: ['scoped'], scopes: ['a'] },
    ],
  },
})
const dry = service('dry', { access: { mode: 'dryRun', rules: [{ tools: ['free'] }] } })
const members = new Map([plain, strict, dry].map((one) => [one.id, one]))
const find = (id: string) => members.get(id)
const toolset = (more: Partial<ServedService> = {}, mode: 'merged' | 'search' = 'merged') =>
  service('set', { backend: { type: 'toolset', serviceIds: ['plain', 'strict', 'dry'], mode }, ...more })
const named = (name: string) => ({ name, arguments: {} })
const kindOf = (of: ServedService, who: Principal, name: string) => toolPolicy(of, who, find).judge(named(name)).kind

test("a toolset's services keep their own rules; a caller of another issuer, and a key of the toolset, are strangers there", () => {
  const known = principal('token', ours)
  assert.equal(kindOf(toolset(), known, 'plain__any'), 'allowed')
  assert.equal(kindOf(toolset(), known, 'strict__free'), 'allowed')
  assert.equal(kindOf(toolset(), known, 'strict__client'), 'allowed')
  assert.equal(kindOf(toolset(), known, 'strict__other'), 'refused')
  assert.deepEqual(toolPolicy(toolset(), known, find).judge(named('strict__scoped')), {
    kind: 'refused',
    scopes: ['a'],
  })
  assert.equal(kindOf(toolset(), principal('token', { ...ours, scopes: ['a'] }), 'strict__scoped'), 'allowed')
  for (const stranger of [
    principal('token', { issuer: 'https://theirs.example', scopes: ['a'] }),
    principal('api-key', { scopes: ['a'] }),
  ]) {
    assert.equal(kindOf(toolset(), stranger, 'strict__free'), 'allowed')
    for (const name of ['strict__client', 'strict__key', 'strict__scoped']) {
      assert.deepEqual(toolPolicy(toolset(), stranger, find).judge(named(name)), { kind: 'refused' }, name)
    }
  }
})

test('both the rules of the toolset and those of its service hold, each in its own mode', () => {
  const known = principal('token', ours)
  const access = {
    rules: [{ tools: ['strict__free', 'plain__any', 'dry__other'] }, { tools: ['strict__scoped'], scopes: ['b'] }],
  }
  assert.equal(kindOf(toolset({ access }), known, 'strict__free'), 'allowed')
  assert.equal(kindOf(toolset({ access }), known, 'strict__client'), 'refused')
  assert.equal(kindOf(toolset({ access }), known, 'plain__other'), 'refused')
  assert.equal(kindOf(toolset({ access }), known, 'dry__other'), 'would_refuse')
  assert.deepEqual(toolPolicy(toolset({ access }), known, find).judge(named('strict__scoped')), {
    kind: 'refused',
    scopes: ['b', 'a'],
  })
  assert.equal(kindOf(toolset({ access: { ...access, mode: 'dryRun' } }), known, 'plain__other'), 'would_refuse')
  assert.equal(kindOf(toolset({ access: { ...access, mode: 'dryRun' } }), known, 'strict__other'), 'refused')
})

test('a name that was cut is known by the rule that names it whole', () => {
  const long = 'x'.repeat(128)
  const cut = mergedName('long', long)
  const rules = [{ tools: [long], clients: ['agent'] }]
  const long1 = service('long', { access: { rules } })
  const of = toolset({ backend: { type: 'toolset', serviceIds: ['long'], mode: 'merged' } })
  const judge = (name: string) => toolPolicy(of, principal('token', ours), () => long1).judge(named(name)).kind
  assert.equal(judge(cut), 'allowed')
  assert.equal(judge(mergedName('long', `${long.slice(1)}y`)), 'refused')
})

test('a search toolset shows its two tools to everybody, and rules are about what they reach', () => {
  const access = { rules: [{ tools: ['plain__any', 'strict__free'] }] }
  const policy = toolPolicy(toolset({ access }, 'search'), principal('token', ours), find)
  const use = (...names: string[]) => ({
    name: 'mcp_use_tool',
    arguments: {
      use_tool_info: names.map((name) => {
        const [server_id = '', tool_name = ''] = name.split('__')
        return { server_id, server_name: server_id, tool_id: name, tool_name, argument: {} }
      }),
    },
  })
  assert.deepEqual(
    ['mcp_search_tool', 'mcp_use_tool'].map((name) => policy.shows?.(name)),
    [true, true],
  )
  assert.deepEqual(
    ['plain__any', 'plain__other', 'strict__free'].map((name) => policy.shows?.(name)),
    [true, false, true],
  )
  assert.equal(policy.judge(named('mcp_search_tool')).kind, 'allowed')
  assert.equal(policy.judge(use('plain__any', 'strict__free')).kind, 'allowed')
  assert.equal(policy.judge(use('plain__any', 'plain__other')).kind, 'refused', 'one that is refused refuses all')
  assert.equal(policy.judge(use('plain__other')).kind, 'refused')
  const narrow = toolPolicy(toolset({}, 'search'), principal('api-key', { tools: ['plain__any'] }), find)
  assert.equal(narrow.judge(use('plain__any')).kind, 'allowed')
  assert.equal(narrow.judge(use('plain__other')).kind, 'refused')
  assert.equal(narrow.judge(named('mcp_search_tool')).kind, 'allowed')
})

test('without any rule nothing is looked at', () => {
  const policy = toolPolicy(plain, principal('token', ours), find)
  assert.equal(policy.shows, undefined)
  assert.equal(policy.judge({}).kind, 'allowed')
  const lone = toolset({ backend: { type: 'toolset', serviceIds: ['plain', 'gone'], mode: 'merged' } })
  assert.equal(toolPolicy(lone, principal('api-key'), find).shows, undefined)
})
