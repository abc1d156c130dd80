import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromFetchRequest, type InboundRequest } from '../request.ts'
import { createHostCheck, type HostRules, parseHost } from './host.ts'

const named: HostRules = [
  { hostname: 'mcp.example', port: '8443' },
  { hostname: 'other.example', port: undefined },
]
const hosts = [
  'mcp.example:8443',
  'mcp.example',
  'OTHER.example:1',
  'other.example.',
  'localhost',
  '127.0.0.1:80',
  '[::1]',
]
const bad = [
  'evil.example',
  'localhost.evil.example',
  'a b',
  '',
  'mcp.example:8443@evil.example',
  '[::1',
  'other.example:x',
]
const host = fc.constantFrom(undefined, ...hosts, ...bad)
const url = fc.constantFrom(
  '/mcp',
  '/',
  'http://localhost/mcp',
  'https://mcp.example:8443/',
  'https://evil.example/',
  '//x',
  'x',
)

function request(header: string | undefined, target: string): InboundRequest {
  return { method: 'GET', url: target, header: (name) => (name === 'host' ? header : undefined) }
}

test('whatever was asked before, the answer is that of one who was never asked', () => {
  for (const rules of [named, 'loopback', []] as const) {
    fc.assert(
      fc.property(fc.array(fc.tuple(host, url), { maxLength: 12 }), (asked) => {
        const check = createHostCheck(rules)
        for (const [header, target] of asked) {
          const one = request(header, target)
          assert.equal(check(one), createHostCheck(rules)(one), `${header} ${target}`)
        }
      }),
      { numRuns: 500 },
    )
  }
})

test('named hosts, and those of this machine', () => {
  const isNamed = createHostCheck(named)
  const isLocal = createHostCheck('loopback')
  const allowedOf = (check: (one: InboundRequest) => boolean) =>
    [...hosts, ...bad].filter((header) => check(request(header, '/mcp')))
  assert.deepEqual(allowedOf(isNamed), ['mcp.example:8443', 'OTHER.example:1', 'other.example.'])
  assert.deepEqual(allowedOf(isLocal), ['localhost', '127.0.0.1:80', '[::1]'])
  assert.equal(isNamed(request(undefined, '/mcp')), false)
  // A URL that is whole counts too, and has to agree with the header where the client has sent it.
  assert.equal(isNamed(request(undefined, 'https://mcp.example:8443/mcp')), true)
  const sent = (target: string) => ({
    ...request('mcp.example:8443', target),
    rawHeaders: ['Host', 'mcp.example:8443'],
  })
  assert.equal(isNamed(sent('https://mcp.example:8443/')), true)
  assert.equal(isNamed(sent('https://evil.example/')), false)
  assert.equal(isNamed(sent('https://other.example/')), false)
})

test('a fetch Request is for the host of its header, for Next writes where it listens into the URL', () => {
  const isNamed = createHostCheck(named)
  const isLocal = createHostCheck('loopback')
  const made = (header: string) =>
    fromFetchRequest(new Request('http://0.0.0.0:3000/mcp', { headers: { host: header } }))
  for (const header of ['localhost:3000', '127.0.0.1:3000']) assert.equal(isLocal(made(header)), true, header)
  for (const header of ['evil.example', '0.0.0.0:3000']) assert.equal(isLocal(made(header)), false, header)
  assert.equal(isNamed(made('mcp.example:8443')), true)
  assert.equal(isNamed(made('evil.example')), false)
})

test('a host is read in lower case, without the dot at its end', () => {
  assert.deepEqual(parseHost('MCP.Example.:443'), { hostname: 'mcp.example', port: '443' })
  for (const text of ['', '.', 'a:b', 'a:123456', 'a/b', 'a@b', '[::1']) assert.equal(parseHost(text), undefined, text)
})
