import type { Clock, EventSink, MaybePromise, Network, Reason, ScopeHierarchy } from '@postern/core'
import type { FindCertificate } from '../binding/certificate.ts'
import type { Check } from '../checks/context.ts'
import type { DpopRules } from '../dpop/verify-proof.ts'
import type { EntranceRules } from '../entrance/entrance.ts'
import type { RequiredScopes } from '../requirement.ts'
import type { ApiKeyStore } from '../tokens/api-key.ts'
import type { CustomVerifierOptions } from '../tokens/custom.ts'
import type { IntrospectionRules } from './introspection.ts'
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
  /** Whoever the token is meant for. Only what has no resource of its own sets this (`mcp-auth/`). */
  readonly anyAudience?: boolean
  readonly audienceMatch: 'exact' | 'canonical'
  readonly audienceClaim: string
  readonly exclusiveAudience: boolean
  readonly acceptClientIdAudience: boolean
  readonly profile: 'compatible' | 'rfc9068'
  readonly allowedClients: ReadonlySet<string> | undefined
  readonly claimRules: readonly (readonly [string, ClaimRule])[]
  readonly clientClaims: readonly string[]
  readonly tokenUse: readonly (readonly [string, readonly string[]])[]
  readonly scopeClaims: readonly string[]
  readonly allowMissing: ReadonlySet<string>
  /** Run after the kit's own. What they find is believed for as long as the token is remembered. */
  readonly moreChecks?: readonly Check[]
  readonly maxTokenLifetime: number | undefined
  readonly introspection: IntrospectionRules | undefined
  readonly advertise: ((scope: string) => string | undefined) | undefined
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
  /** A scope as clients have to ask for it. */
  readonly advertise: (scope: string) => string
  readonly apiKeys: ApiKeyStore | undefined
  readonly verify: CustomVerifierOptions | undefined
  readonly revocations: 'follow' | 'require' | 'off'
  readonly isRevoked: ((token: RevocationQuery) => MaybePromise<boolean>) | undefined
  /** Undefined: DPoP is off. */
  readonly dpop: DpopRules | undefined
  /** Undefined: mTLS is off. */
  readonly findCertificate: FindCertificate | undefined
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
  readonly entrance: EntranceRules
  readonly legacyServerMetadata: Readonly<Record<string, unknown>> | undefined
  /** Seconds. */
  readonly clockTolerance: number
  /** What deserves an event at the start: each option that loosens a check, and what cannot work as it was meant. */
  readonly warnings: readonly Reason[]
}
