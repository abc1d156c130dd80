import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { isAddress, isMetadataAddress, isPublicAddress } from './address.ts'

const publicAddresses = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2001:4860:4860::8888',
  '2a00:1450::1',
  '2001:200::1',
  '3ffe::1',
  '2606::5efe:808:808',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
  '64:ff9b::8.8.8.8',
  '[2606:4700::1]',
]

const specialAddresses = {
  'this host, private, shared, loopback, link-local': [
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '192.168.255.255',
  ],
  'protocol, documentation, benchmarks, multicast, reserved': [
    '192.0.0.1',
    '192.0.0.170',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
  ],
  'IPv6 loopback, unspecified, unique local, link-local, site-local, multicast': [
    '::',
    '::1',
    '[::1]',
    'fc00::1',
    'fd00:ec2::254',
    'fdff::1',
    'fe80::1',
    'febf::1',
    'fec0::1',
    'ff02::1',
  ],
  'IPv6 documentation, discard, segment routing, protocol': [
    '2001:db8::1',
    '3fff::1',
    '3fff:fff::1',
    '100::1',
    '5f00::1',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '2001:1::1',
    '4000::1',
  ],
  Teredo: ['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  '6to4': ['2002:7f00:1::', '2002:a9fe:a9fe::1', '2002:808:808::1'],
  'IPv4-mapped': [
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::FFFF:10.0.0.1',
    '::ffff:169.254.169.254',
    '0:0:0:0:0:ffff:192.168.1.1',
    '[::ffff:127.0.0.1]',
  ],
  'IPv4-compatible and translated': ['::127.0.0.1', '::8.8.8.8', '::ffff:0:127.0.0.1', '::ffff:0:8.8.8.8'],
  NAT64: [
    '64:ff9b::7f00:1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::8.8.8.8',
    '64:ff9b:1::1',
  ],
  ISATAP: ['2606:4700::5efe:10.0.0.1', '2606:4700::200:5efe:7f00:1', '2a00::5efe:a9fe:a9fe', 'fe80::5efe:808:808'],
  'no address': [
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.1.1.1',
    '0x7f.0.0.1',
    '2130706433',
    '1.1.1.1 ',
    ' 1.1.1.1',
    '8.8.8.8\n',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '2606::1::2',
    '2606:4700:1:2:3:4:5:6::',
    '12345::',
    'g::',
    '2606::%eth0',
    'fe80::1%1',
    '[2606::1',
    '2606::1]',
    '2606:1.2.3.4::',
    '2606::1.2.3.256',
    '1.2.3.4::',
  ],
}

test('what is reachable from everywhere', () => {
  for (const ip of publicAddresses) assert.equal(isPublicAddress(ip), true, ip)
})

for (const [kind, addresses] of Object.entries(specialAddresses)) {
  test(`E3: not public: ${kind}`, () => {
    for (const ip of addresses) assert.equal(isPublicAddress(ip), false, ip)
  })
}

test('the host forms of the URL parser are seen through', () => {
  for (const host of [
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '0x7f.1',
    '127.0.0.1.',
    '017700000001',
    '%31%32%37.0.0.1',
    '①②⑦.0.0.1',
    '169.254.43518',
    '[::ffff:127.0.0.1]',
    '[0:0::1]',
    '[::127.0.0.1]',
  ]) {
    const { hostname } = new URL(`http://${host}/`)
    assert.ok(isAddress(hostname), `${host} → ${hostname}`)
    assert.equal(isPublicAddress(hostname), false, `${host} → ${hostname}`)
  }
  for (const name of ['localhost', 'mcp.example', '127.0.0.1.example']) assert.equal(isAddress(name), false)
})

const v4 = fc.ipV4()

// A second opinion: Node's own address arithmetic over the ranges of the IANA registries.
const special = new BlockList()
for (const range of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]) {
  const [address = '', prefix] = range.split('/')
  special.addSubnet(address, Number(prefix), 'ipv4')
}

test('agrees with a block list, and an IPv6 address that leads to an IPv4 address is as public as that', () => {
  const nearRange = fc
    .tuple(fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 198, 203, 224), fc.nat(255), fc.nat(255), fc.nat(255))
    .map((parts) => parts.join('.'))
  fc.assert(
    fc.property(fc.oneof(v4, nearRange), (ip) => {
      const isPublic = !special.check(ip, 'ipv4')
      for (const form of [ip, `::ffff:${ip}`, `64:ff9b::${ip}`, `2606::5efe:${ip}`])
        assert.equal(isPublicAddress(form), isPublic, form)
      for (const form of [`::${ip}`, `2002:${hex(ip)}::1`, `::ffff:0:${ip}`])
        assert.equal(isPublicAddress(form), false, form)
    }),
    { numRuns: 500 },
  )
})

function hex(ip: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

test('every spelling of an IPv6 address gets the same answer as the shortest', () => {
  fc.assert(
    fc.property(fc.ipV6(), (ip) => {
      const { hostname } = new URL(`http://[${ip}]/`)
      assert.equal(isPublicAddress(ip), isPublicAddress(hostname))
      assert.equal(isPublicAddress(ip.toUpperCase()), isPublicAddress(ip))
    }),
    { numRuns: 500 },
  )
})

test('what is no address to Node is not public', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abf:.%[]x'), maxLength: 24 }), (text) => {
      if (isIP(text.replace(/^\[(.*)\]$/, '$1')) === 0) assert.equal(isPublicAddress(text), false)
    }),
    { numRuns: 2000 },
  )
})

test('where a cloud keeps the credentials of its machines, in every spelling', () => {
  for (const address of [
    '169.254.169.254',
    '169.254.0.1',
    '169.254.170.2',
    '100.100.100.200',
    '100.96.0.96',
    '168.63.129.16',
    '192.0.0.192',
    'fe80::1',
    'febf::1',
    '[fe80::a9fe:a9fe]',
    'fe80::1%eth0',
    'fd00:ec2::254',
    '[fd00:ec2::254]',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '[::ffff:a9fe:a9fe]',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
  ]) {
    assert.equal(isMetadataAddress(address), true, address)
    assert.equal(isPublicAddress(address), address === '168.63.129.16', address)
  }
})

test('private networks, loopback and names are not that', () => {
  for (const address of [
    '169.253.255.255',
    '169.255.0.0',
    '10.0.0.1',
    '127.0.0.1',
    '192.168.1.1',
    '100.100.100.201',
    '::1',
    'fec0::1',
    'fd00:ec2::253',
    '2002:a00:1::',
    '64:ff9b::8.8.8.8',
    'metadata.example',
    '',
  ]) {
    assert.equal(isMetadataAddress(address), false, address)
  }
})
