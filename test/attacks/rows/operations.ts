import assert from 'node:assert/strict'
import { generateApiKey, hashApiKey } from '@postern/core'
import { protectOperations } from '@postern/resource-server/mcp'
import { brokenToken } from '@postern/resource-server/testing'
import { bearer, type Fixture, type SetUp } from '../fixture.ts'
import type { Attack } from '../hosts.ts'
import type { Row } from '../row.ts'

const setUp: SetUp = {
  options: { scopeHierarchy: { admin: ['files:write', 'files:delete'] } },
  guard: (rs) => ({
    operations: protectOperations(rs, {
      tools: { delete: ['files:write', 'files:delete'], move: ['files:write'] },
      prompts: { review: ['review'] },
      resources: { 'file:///private/*': ['private'], 'users://{id}': ['users'] },
      completion: { anyOf: ['complete', 'admin'] },
    }),
  }),
}

const message = (method: string, params: object, id = 1) => ({ jsonrpc: '2.0', id, method, params })
const call = (name: string, id?: number) => message('tools/call', { name, arguments: {} }, id)

function post(token: string, body: unknown, headers: Attack['headers'] = {}): Attack {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return bearer(token, { headers: { 'content-type': 'application/json', ...headers }, body: text })
}

function row(id: string, what: string, body: unknown, scope: string | 'OK', granted = 'read write'): Row {
  return {
    id,
    what,
    setUp,
    attack: ({ issuer }) => post(issuer.mint({ scope: granted }), body),
    ...(scope === 'OK' ? { expect: 'OK' } : { expect: 'IS', scope }),
  }
}

const deletes = 'read write files:write files:delete'
const ref = (type: string, name: object) =>
  message('completion/complete', { ref: { type, ...name }, argument: { name: 'x', value: '' } })

const key = generateApiKey()

/** D10–D20, of single operations, and what belongs to them. */
export const operations: readonly Row[] = [
  row('D10', 'a tool without its scopes', call('delete'), deletes),
  row('D10', 'another tool with the same token', call('read'), 'OK'),
  row('D10', 'the tool with its scopes', call('delete'), 'OK', 'read write files:write files:delete'),
  row('D8', 'the tool with a broader scope', call('delete'), 'OK', 'read write admin'),
  row('D14', 'three needed, one there', call('delete'), deletes, 'read'),
  row('D14', 'those of the tool, but not those needed everywhere', call('delete'), deletes, 'admin'),
  row('D11', 'a batch of an allowed and a refused call', [call('read'), call('delete', 2)], deletes),
  row(
    'D11',
    'a batch of two refused: one challenge',
    [call('move'), message('prompts/get', { name: 'review' }, 2)],
    'read write files:write review',
  ),
  row(
    'D11',
    'the refused one without an id',
    [call('read'), { jsonrpc: '2.0', method: 'tools/call', params: { name: 'delete' } }],
    deletes,
  ),
  row('D11', 'a batch of allowed ones', [call('read'), call('other', 2)], 'OK'),
  row('D13', 'a prompt', message('prompts/get', { name: 'review' }), 'read write review'),
  row('D13', 'a prompt of a tool’s name', message('prompts/get', { name: 'delete' }), 'OK'),
  ...['resources/read', 'resources/subscribe', 'resources/unsubscribe'].flatMap((method) => [
    row('D13', method, message(method, { uri: 'file:///private/key' }), 'read write private'),
    row('D13', `${method}, a template`, message(method, { uri: 'users://7' }), 'read write users'),
    row('D13', `${method}, another`, message(method, { uri: 'file:///public/key' }), 'OK'),
  ]),
  ...[
    'file:///public/../private/key',
    'file:///priv%61te/key',
    'FILE:///private/key',
    'file:////private/key',
    'file:///public%2f%2e%2e%2fprivate/key',
  ].map((uri) => row('D13', `spelled ${uri}`, message('resources/read', { uri }), 'read write private')),
  row(
    'D13',
    'subscriptions of 2026-07-28',
    message('subscriptions/listen', { notifications: { resourceSubscriptions: ['file:///x', 'users://7'] } }),
    'read write users',
  ),
  row('D13', 'completion', ref('ref/prompt', { name: 'other' }), 'read write complete'),
  row('D13', 'completion of a prompt', ref('ref/prompt', { name: 'review' }), 'read write review complete'),
  row('D13', 'completion of a template', ref('ref/resource', { uri: 'users://{id}' }), 'read write users complete'),
  row('D9', 'one of two', ref('ref/prompt', { name: 'other' }), 'OK', 'read write admin'),
  {
    id: 'D18',
    what: 'a dead token and a tool that it would not do for',
    setUp,
    attack: ({ issuer }) => post(brokenToken(issuer, 'expired'), call('delete')),
    expect: 'IT',
  },
  {
    id: 'D10',
    what: 'headers that name another tool',
    setUp,
    attack: ({ issuer }) =>
      post(issuer.mint(), call('delete'), {
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'read',
      }),
    expect: 'IS',
    scope: deletes,
  },
  ...(
    [
      ['named twice', '{"method":"tools/call","params":{"name":"read","name":"delete"}}'],
      ['escaped', '{"method":"tools/call","params":{"name":"d\\u0065lete"}}'],
      ['behind a byte order mark', `\uFEFF${JSON.stringify(call('delete'))}`],
      ['as text', JSON.stringify(call('delete')), 'text/plain'],
    ] as const
  ).map(
    ([what, body, type = 'application/json']): Row => ({
      id: 'D10',
      what: `a tool ${what}`,
      setUp,
      attack: ({ issuer }) => post(issuer.mint(), body, { 'content-type': type }),
      expect: 'IS',
      scope: deletes,
    }),
  ),
  ...(
    [
      ['compressed', 415, { 'content-encoding': 'gzip' }, '{}'],
      ['in another charset', 415, { 'content-type': 'application/json; charset=utf-16' }, '{}'],
      // There are validators of transports that would read the name of the prototype.
      ['with a prototype', 415, {}, '{"method":"tools/call","params":{"__proto__":{"name":"read"},"name":"delete"}}'],
      ['as a form', 415, { 'content-type': 'application/x-www-form-urlencoded' }, 'method=tools/call'],
      ['above the limit', 413, {}, ' '.repeat(4 * 1024 * 1024 + 1)],
    ] as const
  ).map(
    ([what, status, headers, body]): Row => ({
      id: 'D10',
      what: `a body ${what} cannot be looked at`,
      setUp,
      async play({ issuer, send, host, events }) {
        const before = host.callers.length
        const answer = await send(post(issuer.mint({ scope: 'read write admin' }), body, headers))
        assert.equal(answer.status, status)
        assert.equal(host.callers.length, before)
        assert.equal(answer.headers['www-authenticate'], undefined)
        assert.equal(JSON.parse(answer.body).jsonrpc, '2.0')
        const reason = status === 413 ? 'body_too_large' : 'body_unreadable'
        assert.deepEqual([events.at(-1)?.reason, events.at(-1)?.status], [reason, status])
      },
    }),
  ),
  {
    id: 'D10',
    what: 'an API key that is for another tool',
    setUp: {
      ...setUp,
      options: {
        apiKeys: [{ id: 'k', name: 'key', hash: await hashApiKey(key), scopes: ['read', 'write'], tools: ['read'] }],
      },
    },
    async play({ expect }) {
      await expect('OK', post(key, call('read')))
      await expect('PD', post(key, call('other')))
      await expect('PD', post(key, [call('read'), call('other')]))
    },
  },
  {
    id: 'D20',
    what: 'a thousand names tell nothing: unknown tools are answered as those without scopes are',
    setUp,
    async play({ issuer, send, host }: Fixture) {
      const token = issuer.mint()
      const names = Array.from({ length: 1000 }, (_, index) => `tool-${index * 7919}`)
      const before = host.callers.length
      const batches = Array.from({ length: 10 }, (_, part) => names.slice(part * 100, part * 100 + 100))
      for (const batch of batches)
        assert.equal(
          (
            await send(
              post(
                token,
                batch.map((name) => call(name)),
              ),
            )
          ).status,
          200,
        )
      for (const name of ['constructor', '__proto__', 'toString', '', 'Delete', ' delete']) {
        assert.equal((await send(post(token, call(name)))).status, 200, name)
      }
      assert.equal(host.callers.length, before + 16)
    },
    because:
      'A tool that has a rule is 403 and so told from an unknown one: without a rule for `*` a tool needs nothing, which is what a server says that names its public tools. The option that closes it is in the next row.',
  },
  ...(
    [
      ['tools', 'tool', (name: string) => call(name)],
      ['prompts', 'prompt', (name: string) => message('prompts/get', { name })],
      ['resources', 'resource', (name: string) => message('resources/read', { uri: `x://${name}` })],
    ] as const
  ).map(
    ([kind, what, ask]): Row => ({
      id: 'D20',
      what: `with a rule for '*' a caller cannot tell an unknown ${what} from one that is out of reach`,
      setUp: {
        guard: (rs) => {
          const known = kind === 'resources' ? 'x://delete' : 'delete'
          return { operations: protectOperations(rs, { [kind]: { [known]: ['secret'], '*': ['secret'] } }) }
        },
      },
      async play({ issuer, expect }: Fixture) {
        const token = issuer.mint()
        const answers = new Set<string>()
        const unknown = ['unknown', 'constructor', '__proto__', 'toString', '', 'Delete', ' delete', '*']
        const bodies = ['delete', ...unknown].map(ask)
        for (const body of [...bodies, bodies]) {
          const { status, headers: sent, body: text } = await expect('IS', post(token, body), 'read write secret')
          const { date: _, ...headers } = sent
          answers.add(JSON.stringify([status, Object.entries(headers).sort(), text]))
        }
        assert.equal(answers.size, 1)
        // Who may, is told by the server behind which there are.
        for (const body of bodies) await expect('OK', post(issuer.mint({ scope: 'read write secret' }), body))
      },
    }),
  ),
]
