/** Ranges of IPv4 that are not reachable from everywhere (IANA special-purpose registry), as [first address, prefix]. */
const specialV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

const specialBlocks = specialV4.map(blockOf)

function blockOf([first, prefix]: readonly [string, number]): { readonly first: number; readonly size: number } {
  return { first: parseV4(first) ?? 0, size: 2 ** (32 - prefix) }
}

/**
 * Is an IP address (IPv4 in dotted decimals; IPv6, with or without brackets) one that is reachable from everywhere?
 * False for what is no address, and for IPv6 addresses with an IPv4 address inside that is not public.
 */
export function isPublicAddress(ip: string): boolean {
  const v4 = parseV4(ip)
  if (v4 !== undefined) return isPublicV4(v4)
  const v6 = parseV6(ip.startsWith('[') && ip.endsWith(']') ? ip.slice(1, -1) : ip)
  return v6 !== undefined && isPublicV6(v6)
}

/**
 * Where machines of a cloud are told their credentials: link-local addresses (RFC 3927, RFC 4291 §2.5.6), and the
 * services that have an address elsewhere (Alibaba Cloud, Volcano Engine, Azure, Oracle Cloud).
 */
const metadataV4: readonly (readonly [string, number])[] = [
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['100.96.0.96', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
]

const metadataBlocks = metadataV4.map(blockOf)

/** The IPv6 ones besides fe80::/10: of AWS and of Google Cloud. */
const metadataV6 = ['fd00:ec2:0:0:0:0:0:254', 'fd20:ce:0:0:0:0:0:254']

/**
 * Is an IP address (with or without brackets) one that nobody's keys or metadata stand at, but where a machine's own
 * credentials may be had? It is never fetched from, on whatever network. False for what is no address.
 */
export function isMetadataAddress(ip: string): boolean {
  const v4 = parseV4(ip)
  if (v4 !== undefined) return isMetadataV4(v4)
  const [bare = ''] = ip.replace(/^\[(.*)\]$/, '$1').split('%')
  const v6 = parseV6(bare)
  if (v6 === undefined) return false
  const [a, b, c, , , , g, h] = v6
  if ((a & 0xffc0) === 0xfe80 || metadataV6.includes(v6.map((group) => group.toString(16)).join(':'))) return true
  if (a === 0x2002) return isMetadataV4(b * 65536 + c)
  return carriers.some((carries) => carries(v6)) && isMetadataV4(g * 65536 + h)
}

function isMetadataV4(address: number): boolean {
  return metadataBlocks.some(({ first, size }) => address >= first && address < first + size)
}

/** Is a URL's hostname an IP address rather than a name? */
export function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || parseV4(hostname) !== undefined
}

function isPublicV4(address: number): boolean {
  return !specialBlocks.some(({ first, size }) => address >= first && address < first + size)
}

type Hextets = readonly [number, number, number, number, number, number, number, number]

/** Where an IPv6 address has an IPv4 address at its end that it leads to. */
const carriers: readonly ((address: Hextets) => boolean)[] = [
  ([a, b, c, d, e, f]) => (a | b | c | d | e) === 0 && f === 0xffff, // IPv4-mapped
  ([a, b, c, d, e, f]) => a === 0x64 && b === 0xff9b && (c | d | e | f) === 0, // NAT64, RFC 6052
]

/** What of 2000::/3, the only global unicast space, is nevertheless not public. */
const specialV6: readonly ((address: Hextets) => boolean)[] = [
  ([a, b]) => a === 0x2001 && b < 0x200, // protocol assignments: Teredo, ORCHID, benchmarking
  ([a, b]) => a === 0x2001 && b === 0xdb8, // documentation
  ([a]) => a === 0x2002, // 6to4: deprecated, and leads to an IPv4 address
  ([a, b]) => a === 0x3fff && b < 0x1000, // documentation
  ([, , , , e, f, g, h]) => (e & 0xfdff) === 0 && f === 0x5efe && !isPublicV4(g * 65536 + h), // ISATAP, in any prefix
]

function isPublicV6(address: Hextets): boolean {
  const [first, , , , , , g, h] = address
  if (carriers.some((carries) => carries(address))) return isPublicV4(g * 65536 + h)
  return first >= 0x2000 && first <= 0x3fff && !specialV6.some((contains) => contains(address))
}

function parseV4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  let address = 0
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    address = address * 256 + Number(part)
  }
  return address
}

function parseV6(text: string): Hextets | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = '', tail] = halves
  const left = parseGroups(head, tail === undefined)
  const right = parseGroups(tail ?? '', true)
  if (left === undefined || right === undefined) return undefined
  const missing = 8 - left.length - right.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = [
    ...left,
    ...Array<number>(missing).fill(0),
    ...right,
  ]
  return [a, b, c, d, e, f, g, h]
}

/** The groups of one side of `::`; only the last group of an address may be IPv4 in dotted decimals. */
function parseGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const v4 = mayEndInV4 && index === parts.length - 1 ? parseV4(part) : undefined
    if (v4 !== undefined) groups.push(Math.floor(v4 / 65536), v4 % 65536)
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
