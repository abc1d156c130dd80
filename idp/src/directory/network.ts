import { isIPv6 } from 'node:net'

const groups = 8
const groupsOfNetwork = 4

/**
 * The address as the throttle counts it: an IPv4 address as it is (also when it comes mapped into IPv6), of an IPv6
 * address the /64, for that is what one host is given.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [plain = ''] = address.split('%', 1)
  const [head = '', tail] = plain.toLowerCase().split('::', 2)
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: groups - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last].slice(0, groupsOfNetwork).join(':')
}
