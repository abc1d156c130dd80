import { isLoopbackHost } from '@postern/core'
import type { EntranceRules } from '../entrance/entrance.ts'
import { type FailureRules, peerAddress } from '../entrance/failure-limit.ts'
import { type HostRule, type HostRules, parseHost } from '../entrance/host.ts'
import { limits } from '../limits.ts'
import { ConfigError } from './config-error.ts'
import { readFunction, readNumber, readRecord, readTexts } from './fields.ts'
import type { ResourceServerOptions } from './types.ts'

type EntranceOptions = Pick<ResourceServerOptions, 'resource' | 'allowedOrigins' | 'allowedHosts' | 'failureLimit'>

/** Reads what is asked of a request before its credential is looked at. */
export function readEntrance({ resource, allowedOrigins, allowedHosts, failureLimit }: EntranceOptions): EntranceRules {
  return {
    origins: readOrigins(allowedOrigins),
    hosts: readHosts(allowedHosts, resource),
    failures: readFailureLimit(failureLimit),
  }
}

/**
 * A resource of this machine is called by names of this machine: any other was made to lead here by a page (DNS
 * rebinding). One that the world can reach may stand behind proxies that call it otherwise.
 */
function readHosts(value: unknown, resource: string): HostRules | undefined {
  if (value === 'any') return undefined
  const named = readTexts(value, 'allowedHosts')?.map(readHost)
  if (named !== undefined) return named
  return URL.canParse(resource) && isLoopbackHost(new URL(resource).hostname) ? 'loopback' : undefined
}

function readOrigins(value: unknown): ReadonlySet<string> | undefined {
  const origins = readTexts(value, 'allowedOrigins')
  for (const [index, origin] of (origins ?? []).entries()) {
    // Origins such as vscode-webview://… are opaque to URL, so only their shape is looked at.
    if (origin === '*') throw new ConfigError(`allowedOrigins[${index}]`, 'to let any page call, remove allowedOrigins')
    if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]+$/.test(origin)) {
      throw new ConfigError(
        `allowedOrigins[${index}]`,
        'must be an origin as browsers send it, such as https://app.example, without a path',
      )
    }
  }
  return origins === undefined ? undefined : new Set(origins)
}

function readHost(text: string, index: number): HostRule {
  const host = parseHost(text)
  if (host !== undefined) return host
  if (text === '*') throw new ConfigError(`allowedHosts[${index}]`, "for any host, write allowedHosts: 'any'")
  throw new ConfigError(`allowedHosts[${index}]`, 'must be a host, with or without a port, such as mcp.example:8443')
}

function readFailureLimit(value: unknown): FailureRules | undefined {
  if (value === undefined) return undefined
  const options = readRecord(value, 'failureLimit', ['max', 'window', 'client'])
  const max = { min: 1, max: 1_000_000, fallback: limits.failures }
  const window = { min: 1, max: 86_400, fallback: limits.failureWindowSeconds }
  const client = readFunction<unknown>(options['client'], 'failureLimit.client')
  return {
    max: Math.floor(readNumber(options['max'], 'failureLimit.max', max)),
    windowMs: readNumber(options['window'], 'failureLimit.window', window) * 1000,
    client: typeof client === 'function' ? (source) => readClient(client(source)) : peerAddress,
  }
}

function readClient(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
