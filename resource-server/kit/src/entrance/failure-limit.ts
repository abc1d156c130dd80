import { type Clock, createCache } from '@postern/core'
import { limits } from '../limits.ts'
import type { Refusal, RefusalKind } from '../refusal.ts'
import type { InboundRequest } from '../request.ts'
import { clientNetwork } from './client-network.ts'

export interface FailureRules {
  /** Bad credentials of one client that are looked at within a window. */
  readonly max: number
  readonly windowMs: number
  /** Who sent the request; undefined: nobody knows, and it does not count. */
  readonly client: (source: unknown) => string | undefined
}

export interface FailureLimit {
  /** Seconds until this client's credentials are looked at again; 0: now. */
  wait(request: InboundRequest): number
  refused(request: InboundRequest, refusal: Refusal): void
}

/** A credential was sent, and was no good. To have none, or one that lacks a scope, is the usual way of OAuth. */
const counted: ReadonlySet<RefusalKind> = new Set(['invalid_request', 'invalid_token', 'invalid_dpop_proof'])

interface Window {
  failures: number
  readonly endsAt: number
}

/** Counts the bad credentials of each client, in windows that begin with the first; so many clients and no more. */
export function createFailureLimit({ max, windowMs, client }: FailureRules, clock: Clock): FailureLimit {
  const windows = createCache<Window>({ max: limits.failingClients, clock })
  return {
    wait({ source }) {
      const key = client(source)
      const window = key === undefined ? undefined : windows.get(key)
      if (window === undefined || window.failures < max) return 0
      return Math.max(1, Math.ceil((window.endsAt - clock.now()) / 1000))
    },
    refused({ source }, { kind }) {
      const key = counted.has(kind) ? client(source) : undefined
      if (key === undefined) return
      const window = windows.get(key)
      if (window !== undefined) window.failures += 1
      else windows.set(key, { failures: 1, endsAt: clock.now() + windowMs }, clock.now() + windowMs)
    },
  }
}

/**
 * Who is at the other end of the connection of a request of Node's: an address, or the network of one. Forwarding headers
 * are never believed.
 */
export function peerAddress(source: unknown): string | undefined {
  if (typeof source !== 'object' || source === null || !('socket' in source)) return undefined
  const { socket } = source
  if (typeof socket !== 'object' || socket === null || !('remoteAddress' in socket)) return undefined
  return typeof socket.remoteAddress === 'string' ? clientNetwork(socket.remoteAddress) : undefined
}
