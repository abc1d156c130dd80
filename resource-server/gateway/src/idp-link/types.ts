import type { ScopeHierarchy } from '@postern/core'

/** A resource as a pool should have it. */
export interface ResourceRequest {
  readonly poolId: string
  /** The resource identifier (RFC 8707): the service's URL. */
  readonly identifier: string
  readonly name: string
  /** Scopes that the resource must have; others that it has are left as they are. */
  readonly scopes: readonly string[]
}

/** What became of a registration. The problem is half a sentence for people, without any credential. */
export type Registration =
  | {
      readonly state: 'registered'
      readonly changed: boolean
      /** What its scopes imply; absent: nothing. */
      readonly implied?: ScopeHierarchy
    }
  /** It may come right by itself: the provider starts, the pool gets made. */
  | { readonly state: 'later'; readonly problem: string }
  /** It stays so until somebody changes something. */
  | { readonly state: 'refused'; readonly problem: string }

/** The identity provider's management API, as far as the gateway speaks it. */
export interface IdpLink {
  /** Makes the resource, or adds the scopes that it lacks; doing it again changes nothing. Never rejects. */
  register(request: ResourceRequest, signal?: AbortSignal): Promise<Registration>
  /** What the resource's scopes imply now; undefined where that cannot be had. Never rejects. */
  implied(request: ResourceRequest, signal?: AbortSignal): Promise<ScopeHierarchy | undefined>
  /** The request by which a person does the same: method, URL and body. */
  byHand(request: ResourceRequest): string
}
