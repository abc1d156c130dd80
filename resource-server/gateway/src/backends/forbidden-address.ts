import { BlockList, isIPv6 } from 'node:net'

/**
 * Addresses that no backend lives at and that hand out a machine's credentials: link-local ones (RFC 3927, RFC 4291),
 * among them the metadata service of most clouds, and the metadata services that have an address elsewhere.
 */
const ranges: readonly (readonly [address: string, prefix: number])[] = [
  ['169.254.0.0', 16],
  ['fe80::', 10],
  // Alibaba Cloud, Volcano Engine, Azure, Oracle Cloud; then AWS and Google Cloud over IPv6.
  ['100.100.100.200', 32],
  ['100.96.0.96', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
]

/** IPv6 prefixes of 96 bits under which an IPv4 address stands: mapped, compatible, translated, NAT64. */
const carriers = ['::ffff:', '::', '::ffff:0:', '64:ff9b::'] as const

const forbidden = listOf(ranges)

/**
 * Is this an address that is never dialled, whatever the mode? Private networks (10/8, 192.168/16, fc00::/7 …) and
 * loopback are not among them: that is where many backends live, and only whoever holds the admin token names one.
 */
export function isForbiddenAddress(address: string): boolean {
  const [bare = ''] = address.replace(/^\[(.*)\]$/, '$1').split('%')
  return forbidden.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4')
}

function listOf(all: typeof ranges): BlockList {
  const list = new BlockList()
  for (const [address, prefix] of all) {
    if (isIPv6(address)) {
      list.addSubnet(address, prefix, 'ipv6')
      continue
    }
    list.addSubnet(address, prefix, 'ipv4')
    for (const carrier of carriers) list.addSubnet(carrier + address, 96 + prefix, 'ipv6')
    list.addSubnet(`2002:${hextets(address)}::`, 16 + prefix, 'ipv6')
  }
  return list
}

/** The IPv4 part of a 6to4 address. */
function hextets(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}
