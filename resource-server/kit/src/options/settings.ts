import type { Clock, EventSink, MaybePromise, Network, Reason, ScopeHierarchy } from '@postern/core'
import type { RequiredScopes } from '../requirement.ts'
import type { ApiKeyStore } from '../tokens/api-key.ts'
import type { CustomVerifierOptions } from '../tokens/custom.ts'
import type { ClaimRule, JwkSet, RevocationQuery } from './types.ts'

/** One issuer's options, validated, with defaults. */
export interface IssuerRules {
  readonly issuer: string
  readonly keys:
    | { readonly from: 'discovery'; readonly urls: readonly string[] }
    | { readonly from: 'uri'; readonly uri: string }
    | { readonly from: 'local'; readonly load: () => MaybePromise<JwkSet>; readonly isFixed: boolean }
  readonly algorithms: ReadonlySet<string>
  readonly audiences: ReadonlySet<string>
  readonly audienceMatch: 'exact' | 'canonical'
  readonly audienceClaim: string
  readonly exclusiveAudience: boolean
  readonly acceptClientIdAudience: boolean
  readonly profile: 'compatible' | 'rfc9068'
  readonly allowedClients: ReadonlySet<string> | undefined
  readonly claimRules: readonly (readonly [string, ClaimRule])[]
  readonly scopeClaims: readonly string[]
  readonly allowMissing: ReadonlySet<string>
  readonly maxTokenLifetime: number | undefined
  /** Seconds. */
  readonly clockTolerance: number
}

/** Times of the key sources, milliseconds. */
export interface KeyTimes {
  readonly timeout: number
  readonly softAge: number
  readonly maxAge: number
  readonly staleIfError: number
  readonly cooldown: number
}

/** All options, validated, with defaults. */
export interface Settings {
  readonly resource: string
  readonly resourceName: string
  readonly metadataUrl: string | undefined
  readonly issuers: readonly IssuerRules[]
  readonly requiredScopes: RequiredScopes
  readonly scopeHierarchy: ScopeHierarchy
  readonly scopesSupported: readonly string[]
  readonly apiKeys: ApiKeyStore | undefined
  readonly verify: CustomVerifierOptions | undefined
  readonly isRevoked: ((token: RevocationQuery) => MaybePromise<boolean>) | undefined
  /** 0: no cache. */
  readonly cachedTokens: number
  readonly keyTimes: KeyTimes
  readonly network: Network
  readonly fetch: typeof globalThis.fetch | undefined
  readonly clock: Clock
  readonly onEvent: EventSink | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  readonly rootMetadata: boolean
  readonly cors: boolean
  /** Seconds. */
  readonly clockTolerance: number
  /** What deserves an event at the start: each option that loosens a check, and what cannot work as it was meant. */
  readonly warnings: readonly Reason[]
}
