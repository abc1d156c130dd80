import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@postern/core'
import { createSealer, type Sealer } from '@postern/server'
import { isJsonObject, type Json, type RpcRequest } from '../backends/json-rpc.ts'

/** Whose request a state belongs to, and which one. */
export interface StateOwner {
  readonly serviceId: string
  readonly callerKey: string
}

/** What the gateway itself has to know again when a client comes back with answers. */
export type State =
  /** A call that waits here, and how often it was answered before. */
  | { readonly kind: 'parked'; readonly call: string; readonly round: number }
  /** What a modern backend gave the client to bring back. */
  | { readonly kind: 'backend'; readonly state: string }

export interface RequestStates {
  /** A text that only this caller can use, only with this service, only for this request, and not for long. */
  seal(state: State, owner: StateOwner, request: RpcRequest): string
  /** `forged`: changed, made up, or somebody else's or another request's: which, cannot be told. */
  open(sealed: string, owner: StateOwner, request: RpcRequest): State | 'forged' | 'expired'
}

export interface RequestStatesOptions {
  /** Absent: one of this process's own, whose states nobody knows after it. */
  readonly sealer: Sealer | undefined
  readonly clock: Clock
  /** How long a state can be used, in milliseconds. */
  readonly lifetimeMs: number
}

/**
 * Makes and reads the `requestState` of 2026-07-28: encrypted, with principal, service and request as additional data
 * and an expiry inside (MCP 2026-07-28, Multi Round-Trip Requests, "Server Requirements").
 */
export function createRequestStates({ sealer, clock, lifetimeMs }: RequestStatesOptions): RequestStates {
  const { seal, open } = sealer ?? createSealer(randomBytes(32))
  return {
    seal(state, owner, request) {
      return seal(JSON.stringify({ ...state, until: clock.now() + lifetimeMs }), contextOf(owner, request))
    },
    open(sealed, owner, request) {
      const plain = opened(() => open(sealed, contextOf(owner, request)))
      if (plain === undefined) return 'forged'
      return plain.until <= clock.now() ? 'expired' : plain
    },
  }
}

/** What was sealed here is what it was: nothing in it has to be checked again. */
function opened(open: () => string): (State & { readonly until: number }) | undefined {
  try {
    return JSON.parse(open())
  } catch {
    return undefined
  }
}

function contextOf({ serviceId, callerKey }: StateOwner, request: RpcRequest): string {
  return `mcp request state\n${JSON.stringify([serviceId, callerKey])}\n${digestOf(request)}`
}

/** What makes a request this one and no other: its method and what it is about, in whatever order that is written. */
export function digestOf({ method, params }: RpcRequest): string {
  const { _meta, inputResponses, requestState, ...salient } = params ?? {}
  return createHash('sha256')
    .update(JSON.stringify([method, sorted(salient)]))
    .digest('base64url')
}

function sorted(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((element: Json) => sorted(element) ?? null)
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner) ?? null] as const)
  // A list of pairs, for numbers would be put first in an object; in an object, or a list of pairs would be the same.
  return { pairs: entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
}
