import { BlockList, isIP } from 'node:net'

/** What an authority may sign for (RFC 5280 section 4.2.1.10): domains with all below them, and subnets. */
export interface NameRanges {
  readonly domains: readonly string[]
  /** `127.0.0.0/8` */
  readonly subnets: readonly string[]
}

/** This machine's own names and addresses. */
const loopback: NameRanges = { domains: ['localhost'], subnets: ['127.0.0.0/8', '::1/128'] }

/** The ranges for this machine and the hosts that do not belong to it. */
export function rangesFor(hosts: readonly string[]): NameRanges {
  const others = hosts.filter((host) => !isWithin(host, loopback))
  const addresses = others.filter((host) => isIP(host) !== 0)
  return {
    domains: [...loopback.domains, ...others.filter((host) => isIP(host) === 0)],
    subnets: [...loopback.subnets, ...addresses.map((address) => `${address}/${isIP(address) === 4 ? 32 : 128}`)],
  }
}

/** Whether a certificate for a name or an address lies within the ranges. */
export function isWithin(host: string, { domains, subnets }: NameRanges): boolean {
  const version = isIP(host)
  if (version === 0) return domains.some((domain) => host === domain || host.endsWith(`.${domain}`))
  const list = new BlockList()
  for (const subnet of subnets) {
    const [address = '', prefix = ''] = subnet.split('/')
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6')
  }
  return list.check(host, version === 4 ? 'ipv4' : 'ipv6')
}
