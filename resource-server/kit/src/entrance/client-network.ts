/**
 * The name under which an IP address is counted: an IPv4 address itself, of IPv6 the /64 that it is in, for that is what
 * one line or machine is given (RFC 6177), and its holder has all of it. IPv4 that comes as IPv6 is IPv4.
 */
export function clientNetwork(address: string): string {
  const [bare = ''] = address.split('%')
  const groups = bare.includes(':') ? groupsOf(bare) : undefined
  if (groups === undefined) return address
  const [a, b, c, d, e, f, g = 0, h = 0] = groups
  const isMapped = [a, b, c, d, e].every((group) => group === 0) && f === 0xffff
  if (isMapped) return [g >> 8, g & 0xff, h >> 8, h & 0xff].join('.')
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** The eight groups of an IPv6 address; undefined for what is none. */
function groupsOf(address: string): readonly number[] | undefined {
  const [head = '', tail, ...more] = address.split('::')
  const left = sideOf(head)
  const right = sideOf(tail ?? '')
  const missing = 8 - left.length - right.length
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined
  const groups = [...left, ...Array<number>(missing).fill(0), ...right]
  return groups.every((group) => group >= 0 && group <= 0xffff) ? groups : undefined
}

/** The groups on one side of `::`; IPv4 in dotted decimals is two of them. */
function sideOf(text: string): readonly number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    const v4 = part.split('.').map(Number)
    const [a = 0, b = 0, c = 0, d = 0] = v4
    return v4.length === 4
      ? [a * 256 + b, c * 256 + d]
      : [/^[0-9a-f]{1,4}$/i.test(part) ? Number.parseInt(part, 16) : -1]
  })
}
