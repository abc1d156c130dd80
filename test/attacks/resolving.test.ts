import assert from 'node:assert/strict'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { createServer, type Server, Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { SetUp } from './fixture.ts'

/*
 * E3 with names. What stands in here is the machine's resolver, whose answers a test gives, and its way to the outside: what
 * is dialled there is taken down, and ends at once. Both have to be in place before the kit is loaded.
 */
const answers = new Map<string, readonly (readonly string[])[]>()
const asked: string[] = []
const dialled: string[] = []

const { lookup } = dns
function resolve(name: string, options: object, callback: (...told: unknown[]) => void): unknown {
  const given = answers.get(name)
  if (given === undefined) return Reflect.apply(lookup, dns, [name, options, callback])
  const found = given[Math.min(asked.filter((one) => one === name).length, given.length - 1)] ?? []
  asked.push(name)
  const addresses = found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const isAll = 'all' in options && options.all === true
  const told = isAll ? [addresses] : [addresses[0]?.address, addresses[0]?.family]
  return process.nextTick(callback, null, ...told)
}
Object.assign(dns, { lookup: resolve })
syncBuiltinESMExports()

const { connect } = Socket.prototype
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  this.on('lookup', (_error, address) => {
    if (typeof address !== 'string') return
    dialled.push(address)
    if (address !== here) this.destroy(Object.assign(new Error('nobody is there'), { code: 'ECONNREFUSED' }))
  })
  return Reflect.apply(connect, this, args)
}

const { open } = await import('./fixture.ts')
const { hosts } = await import('./hosts.ts')
const { startMcpAuth } = await import('./mcp-auth-host.ts')

const here = '127.0.0.1'
const outside = '93.184.215.14'

/** What of an issuer may stand under a name: where it is, its keys, and whom to ask about opaque tokens. */
const parts: Readonly<Record<string, (url: string) => NonNullable<SetUp['rules']>>> = {
  issuer: (url) => ({ issuer: url }),
  jwksUri: (jwksUri) => ({ jwksUri }),
  'introspection.endpoint':
    (endpoint) =>
    ({ issuer }) => ({ introspection: { ...issuer.introspectionClient, endpoint } }),
}

const privateAnswers: readonly (readonly string[])[] = [
  [here],
  ['10.1.2.3'],
  ['169.254.169.254'],
  ['::1'],
  ['::ffff:127.0.0.1'],
  ['64:ff9b::7f00:1'],
  [outside, here],
  [here, outside],
]

describe('E3 names', () => {
  let site: Server
  let connections = 0
  let port = 0
  let count = 0

  before(async () => {
    site = createServer((socket) => {
      connections += 1
      socket.destroy()
    })
    await new Promise<void>((listening) => site.listen(0, here, listening))
    port = Object(site.address()).port
  })
  after(() => {
    Socket.prototype.connect = connect
    Object.assign(dns, { lookup })
    syncBuiltinESMExports()
    site.close()
  })

  /** A name of its own for a test, which resolves to these, one after the other, and then always to the last. */
  const named = (...given: readonly (readonly string[])[]) => {
    count += 1
    const name = `as-${count}.example`
    answers.set(name, given)
    asked.length = 0
    dialled.length = 0
    connections = 0
    return { name, url: `https://${name}:${port}/as` }
  }

  for (const [host, start] of Object.entries({ ...hosts, 'mcp-auth': startMcpAuth })) {
    for (const [part, rules] of Object.entries(parts)) {
      if (host === 'mcp-auth' && part.startsWith('introspection')) continue

      /** A token whose check needs what stands under the name. */
      const begin = async (url: string, network: 'any' | 'public-only') => {
        const fixture = await open(start, { rules: rules(url), options: { network } })
        const { issuer } = fixture
        const iss = part === 'issuer' ? { iss: url } : {}
        return { ...fixture, token: part.startsWith('introspection') ? issuer.issue() : issuer.mint(iss) }
      }

      test(`${host}: E3 ${part} under a name that leads to what is not public: nobody is dialled`, async () => {
        for (const given of privateAnswers) {
          const { name, url } = named(given)
          const { token, expect, close, issuer } = await begin(url, 'public-only')
          try {
            const answer = await expect('UN', token)
            assert.equal(answer.body, '{"error":"temporarily_unavailable"}')
            assert.doesNotMatch(JSON.stringify(answer), /as-|127\.0|10\.1|169\.254/)
            assert.ok(asked.length > 0 && asked.every((one) => one === name))
            assert.deepEqual([connections, dialled], [0, []], given.join())
            assert.deepEqual(issuer.fetches, { metadata: 0, jwks: 0 })
          } finally {
            await close()
          }
        }
      })

      test(`${host}: E3 ${part} under a name that leads elsewhere at the second look-up`, async () => {
        const { url } = named([outside], [here])
        const { token, expect, close, clock } = await begin(url, 'public-only')
        try {
          await expect('UN', token)
          assert.deepEqual(dialled, [outside], 'the address that was looked at, and no other')
          const before = asked.length
          clock.advance(120_000)
          await expect('UN', token)
          assert.ok(asked.length > before, 'it is looked up anew')
          assert.deepEqual([connections, dialled], [0, [outside]])
        } finally {
          await close()
        }
      })
    }
  }

  test('on any network the same name leads there, so these tests would notice', async () => {
    const { url } = named([here])
    const fixture = await open(hosts['node'] ?? assert.fail(), {
      rules: { jwksUri: url },
      options: { network: 'any' },
    })
    try {
      await fixture.expect('UN', fixture.issuer.mint())
      assert.ok(connections > 0)
      assert.ok(dialled.length > 0)
    } finally {
      await fixture.close()
    }
  })
})
