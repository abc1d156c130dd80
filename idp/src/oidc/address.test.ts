import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf } from './address.ts'

const cases: [address: string, network: string][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
]

for (const [address, network] of cases) {
  test(`${address || 'no address'} counts as ${network || 'nothing'}`, () => {
    assert.equal(networkOf(address), network)
  })
}
