import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import fc from 'fast-check'
import { Refusal } from '../refusal.ts'
import { clientNetwork } from './client-network.ts'
import { createFailureLimit, peerAddress } from './failure-limit.ts'

const from = (remoteAddress: string) => ({ socket: { remoteAddress } })

test('an address of IPv6 is counted by its /64, one of IPv4 by itself', () => {
  const known = {
    '192.0.2.7': '192.0.2.7',
    '::ffff:192.0.2.7': '192.0.2.7',
    '::ffff:c000:207': '192.0.2.7',
    '::1': '0:0:0:0::/64',
    '2001:db8::1': '2001:db8:0:0::/64',
    '2001:DB8:0:0:ffff::': '2001:db8:0:0::/64',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:db8::192.0.2.7': '2001:db8:0:0::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
    '1::2::3': '1::2::3',
    '2001:db8:xyz::1': '2001:db8:xyz::1',
    '1:2:3:4:5:6:7': '1:2:3:4:5:6:7',
    '': '',
  }
  for (const [address, network] of Object.entries(known)) assert.equal(clientNetwork(address), network)
  for (const source of [undefined, {}, { socket: null }, { socket: {} }]) assert.equal(peerAddress(source), undefined)
  assert.equal(peerAddress(from('2001:db8::1')), '2001:db8:0:0::/64')
})

/** As Node writes them, and in any other way. */
const written = fc.record({
  network: fc.array(fc.integer({ min: 0x1, max: 0xffff }), { minLength: 4, maxLength: 4 }),
  host: fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 }),
})
const long = (groups: readonly number[]) => groups.map((group) => group.toString(16)).join(':')
const short = (groups: readonly number[]) => new URL(`http://[${long(groups)}]`).hostname.slice(1, -1)

test('all addresses of a /64 are one client, however they are written, and no others are', () => {
  fc.assert(
    fc.property(written, written, (one, other) => {
      const name = clientNetwork(long([...one.network, ...one.host]))
      assert.equal(clientNetwork(short([...one.network, ...one.host])), name)
      assert.equal(clientNetwork(short([...one.network, ...other.host])), name)
      const isSame = long(one.network) === long(other.network)
      assert.equal(clientNetwork(short([...other.network, ...one.host])) === name, isSame)
    }),
  )
})

test('whoever has a /64 has no more attempts than others', () => {
  const clock = createTestClock(Date.now())
  const limit = createFailureLimit({ max: 3, windowMs: 60_000, client: peerAddress }, clock)
  const plain = { method: 'POST', url: '/mcp', header: () => undefined }
  const request = (address: string) => ({ ...plain, source: from(address) })
  for (let host = 1; host <= 3; host += 1) {
    assert.equal(limit.wait(request(`2001:db8::${host}`)), 0)
    limit.refused(request(`2001:db8::${host}`), new Refusal('bad_signature'))
  }
  assert.equal(limit.wait(request('2001:db8::aaaa:1')), 60)
  assert.equal(limit.wait(request('2001:db8:0:1::1')), 0, 'a neighbour is another')
})
