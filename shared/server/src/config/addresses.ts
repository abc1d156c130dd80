import { isIP } from 'node:net'
import { checkIssuer } from '@postern/core'
import type { Reader } from './readers.ts'

export interface Address {
  host: string
  port: number
}

/** 0 to 65535; 0 takes any that is free. */
export const readPort: Reader<number> = (text) => {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  return value <= 65535 ? { value } : { mistake: 'must be a port, 0 to 65535 (0 takes any that is free)' }
}

/** An address or a name to listen on. */
export const readHost: Reader<string> = (text) => {
  const host = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/.test(host)) return { value: host }
  return {
    mistake:
      'must be an address such as 0.0.0.0 or ::, or a host name; the port goes to POSTERN_IDP_PORT or POSTERN_GATEWAY_PORT',
  }
}

/** `127.0.0.1:4710`, `[::1]:4710`. */
export const readAddress: Reader<Address> = (text) => {
  const mistake = 'must be host:port, e.g. 127.0.0.1:4710'
  const [, hostText = '', portText = ''] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(text) ?? []
  const host = readHost(hostText)
  const port = readPort(portText)
  return 'value' in host && 'value' in port ? { value: { host: host.value, port: port.value } } : { mistake }
}

/** The origin of a public URL: https, or http on this machine; no path. */
export const readOrigin: Reader<string> = (text) => {
  const checked = checkIssuer(text)
  if (!checked.ok) return { mistake: `is no public URL: ${checked.message}` }
  const url = new URL(text)
  if (url.pathname !== '/') return { mistake: 'must be an origin such as https://idp.example; remove the path' }
  return { value: url.origin }
}

/** The name or address in a URL, an IPv6 address without its brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
}
