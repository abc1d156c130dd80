import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isForbiddenAddress } from './forbidden-address.ts'

test('link-local and metadata addresses are forbidden, in each form that leads to them', () => {
  for (const address of [
    '169.254.0.0',
    '169.254.169.254',
    '169.254.255.255',
    'fe80::1',
    'fe80::1%eth0',
    '[fe80::1]',
    'febf:ffff::1',
    '::ffff:169.254.169.254',
    '[::ffff:a9fe:a9fe]',
    '::a9fe:a9fe',
    '::ffff:0:169.254.169.254',
    '64:ff9b::169.254.169.254',
    '2002:a9fe:a9fe::1',
    '100.100.100.200',
    '::ffff:100.100.100.200',
    '100.96.0.96',
    '168.63.129.16',
    'fd00:ec2::254',
    'fd20:ce::254',
  ])
    assert.ok(isForbiddenAddress(address), address)
})

test('public, private and loopback addresses are not', () => {
  for (const address of [
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '100.64.0.1',
    '8.8.8.8',
    '169.253.255.255',
    '169.255.0.0',
    'fd00::1',
    'fec0::1',
    '2606:4700::1',
    '::ffff:10.0.0.1',
    '2002:a00:1::1',
  ])
    assert.equal(isForbiddenAddress(address), false, address)
})

test('what a URL makes of a link-local address is forbidden', () => {
  const part = fc.nat(255)
  const numeric = fc.tuple(part, part).map(([c, d]) => 0xa9fe0000 + c * 256 + d)
  fc.assert(
    fc.property(numeric, fc.constantFrom('', '0x', 'mapped'), (number, form) => {
      const text =
        form === '0x' ? `0x${number.toString(16)}` : form === 'mapped' ? `[::ffff:${hex(number)}]` : `${number}`
      assert.ok(isForbiddenAddress(new URL(`http://${text}/`).hostname), text)
    }),
  )
})

function hex(number: number): string {
  return `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`
}
