import type { Clock, EventSink, MaybePromise, Network, ScopeHierarchy } from '@postern/core'
import type { FindCertificate } from '../binding/certificate.ts'
import type { ReplayStore } from '../dpop/replay-store.ts'
import type { RequiredScopes } from '../requirement.ts'
import type { ApiKeyRecord, ApiKeyStore } from '../tokens/api-key.ts'
import type { CustomVerifier, CustomVerifierOptions } from '../tokens/custom.ts'
import type { Algorithm } from './algorithms.ts'
import type { IntrospectionOptions } from './introspection.ts'

/** A JSON Web Key Set (RFC 7517 §5). */
export interface JwkSet {
  readonly keys: readonly unknown[]
}

/**
 * A rule on one claim. A text, number or boolean: the claim equals it, or is a list that has it. A list: one of these.
 * A function: decides by itself (and sees `undefined` where the claim is absent).
 */
export type ClaimRule =
  | string
  | number
  | boolean
  | readonly (string | number | boolean)[]
  | ((value: unknown) => boolean)

export interface IssuerOptions {
  /** The `iss` of its tokens, to the letter. */
  readonly issuer: string
  /** Where its metadata stands; without it the three places of the MCP specification are tried in their order. */
  readonly discoveryUrl?: string
  /** Where its keys stand; then no metadata is read. */
  readonly jwksUri?: string
  /** Its keys, or what gets them; then nothing is fetched. */
  readonly jwks?: JwkSet | (() => MaybePromise<JwkSet>)
  /** Signature algorithms that are accepted. Default: ES, RS and PS with 256, 384 and 512, and EdDSA/Ed25519. */
  readonly algorithms?: readonly Algorithm[]
  /** What its tokens may name as audience instead of the resource, to the letter. */
  readonly audience?: string | readonly string[]
  /** `canonical`: scheme and host in any case and a default port are forgiven in the audience. Default `exact`. */
  readonly audienceMatch?: 'exact' | 'canonical'
  /** The claim that names the audience. Default `aud`. */
  readonly audienceClaim?: string
  /** Refuse tokens that are good for anybody else besides. */
  readonly exclusiveAudience?: boolean
  /** Loosens: a token whose audience is its own client is accepted too. ID tokens have that shape. */
  readonly acceptClientIdAudience?: boolean
  /** `rfc9068` asks for the whole of RFC 9068; `compatible` takes tokens without `typ`, `iat` and `jti`. Default `compatible`. */
  readonly profile?: 'compatible' | 'rfc9068'
  /** The only clients that may come in; others get 403. */
  readonly allowedClients?: readonly string[]
  /** Rules on further claims; who does not meet them gets 403. */
  readonly claims?: Readonly<Record<string, ClaimRule>>
  /** The claim or claims that name the client, the first one present counts. Default `client_id`, in `compatible` also `azp`. */
  readonly clientClaim?: string | readonly string[]
  /** What its access tokens, unlike its other tokens, say of themselves: `{ token_use: 'access' }`. Others get 401. */
  readonly tokenUse?: Readonly<Record<string, string | readonly string[]>>
  /** The claim or claims that hold the scopes, the first one present counts. Default `scope`, `scp`. */
  readonly scopeClaim?: string | readonly string[]
  /** Loosens: tokens without these claims are accepted. */
  readonly allowMissingClaims?: readonly ('sub' | 'client_id')[]
  /** Longest time between `iat` and `exp`, seconds. */
  readonly maxTokenLifetime?: number
  /** Ask the issuer about its opaque tokens (RFC 7662). */
  readonly introspection?: IntrospectionOptions
  /**
   * How clients ask this issuer for a scope, where its tokens say it otherwise: `{ read: 'api://app/read' }`. Shown in
   * challenges and metadata; what is checked stays as it is in the token. Where several issuers say it, they must agree.
   */
  readonly advertisedScopes?: Readonly<Record<string, string>> | ((scope: string) => string)
}

/** Tokens that are bound to a key of the client's (DPoP, RFC 9449). */
export interface DpopOptions {
  /** `off`: bound tokens are refused. `allowed`: they and bearer tokens are accepted. `required`: they alone are. */
  readonly mode: 'off' | 'allowed' | 'required'
  /** Signature algorithms of proofs. Default: all that the kit can verify. */
  readonly algorithms?: readonly Algorithm[]
  /** Oldest that a proof may be, seconds. Default 300. Where nonces are required, their lifetime counts instead. */
  readonly maxAge?: number
  /** Where used proofs are remembered. Default: in memory, so for one process only. */
  readonly replayStore?: ReplayStore
  /**
   * Asks for a nonce in every proof: `'required'` makes them from a secret of this process's own, several instances need a
   * `secret` in common, at least 32 random bytes. `lifetime` in seconds, default 300.
   */
  readonly nonce?: 'required' | { readonly secret: string | Uint8Array; readonly lifetime?: number }
}

/** Tokens that are bound to a certificate of the client's (mTLS, RFC 8705 §3). Without this option they are refused. */
export interface MtlsOptions {
  /** Where the certificate comes from. Default: the TLS connection of the request; no header is ever looked at. */
  readonly certificate?: FindCertificate
}

/** What a revocation check is told about a token that is good otherwise. */
export interface RevocationQuery {
  readonly issuer: string
  readonly subject: string
  readonly clientId: string
  /** The `jti` claim. */
  readonly tokenId?: string
  /** SHA-256, base64url, of what was signed: header and payload with their dot. Survives a re-encoded signature. */
  readonly signingInputHash: string
}

/** How many bad credentials one client may send. */
export interface FailureLimitOptions {
  /** Within one window. Default 100. */
  readonly max?: number
  /** Seconds. Default 60. */
  readonly window?: number
  /**
   * Tells clients apart, given Node's request or the fetch `Request`; undefined: it is not counted. Default: the address at
   * the other end of Node's connection, of IPv6 its /64. Behind a proxy all share that, so say there which header the proxy
   * sets.
   */
  readonly client?: (source: unknown) => string | undefined
}

export interface ResourceServerOptions {
  /** The URL that clients use for the MCP endpoint; the audience of its tokens. */
  readonly resource: string
  /** A name for people, in the metadata. Default: the resource. */
  readonly resourceName?: string
  /** Whose tokens are accepted. May be absent where API keys or `verify` are given. */
  readonly issuers?: readonly IssuerOptions[]
  /** What every request needs; routes and tools may ask for more. */
  readonly requiredScopes?: RequiredScopes
  /** Scope → the scopes that it implies. */
  readonly scopeHierarchy?: ScopeHierarchy
  /** What the metadata names. Default: what `requiredScopes` asks for. */
  readonly scopesSupported?: readonly string[]
  /** API keys, `pst_` and 43 characters, that are accepted as bearers. */
  readonly apiKeys?: ApiKeyStore | readonly ApiKeyRecord[]
  /** Verifies bearers that are no JWTs (or, without issuers, all). */
  readonly verify?: CustomVerifier | CustomVerifierOptions
  /** Called for every token that is good otherwise; true refuses it. Failing or taking long is 503. */
  readonly isRevoked?: (token: RevocationQuery) => MaybePromise<boolean>
  /**
   * What to do about issuers whose metadata name a feed of what they revoked (`revocation_feed_uri`), as Postern's do.
   * `follow`: tokens that it names are refused at once; while it cannot be reached, on goes what was heard last, and an event
   * says so. `require`: then tokens of the issuer are refused as well (503). `off`: it is not looked at. Default `follow`.
   * Issuers with `jwksUri` or `jwks` have none, for their metadata are not read.
   */
  readonly revocations?: 'follow' | 'require' | 'off'
  readonly dpop?: DpopOptions
  readonly mtls?: MtlsOptions
  /** Seconds that the issuer's clock may be off. Default 5. */
  readonly clockTolerance?: number
  /** The cache of verified tokens; false switches it off. Default 10,000 tokens. */
  readonly cache?: false | { readonly maxTokens?: number }
  /** How issuers' keys are fetched and kept. Seconds. */
  readonly keys?: {
    /** For one request. Default 5. */
    readonly timeout?: number
    /** Longest that a key serves after its issuer withdrew it. Default 600. */
    readonly maxAge?: number
    /** How long after that known keys serve while the issuer cannot be reached. Default 3600. */
    readonly staleIfError?: number
    /** Between two fetches on account of unknown key ids, where such fetches keep finding nothing. Default 30. */
    readonly cooldown?: number
  }
  /** `public-only` refuses to fetch from addresses that are not public (SSRF). Default `any`. */
  readonly network?: Network
  /** Used for everything outbound. */
  readonly fetch?: typeof globalThis.fetch
  readonly clock?: Clock
  /** Called once per decision. Must not throw; what it throws is dropped. */
  readonly onEvent?: EventSink
  /** More members of the metadata document, passed through as they are. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Serve the metadata at the origin's root as well, for a resource with a path. */
  readonly rootMetadata?: boolean
  /** CORS on the guarded route. Default true. */
  readonly cors?: boolean
  /** Pages that may call, by their origin; others, `null` among them, get 403. Default any: the token is the credential. */
  readonly allowedOrigins?: readonly string[]
  /**
   * Hosts, with or without a port, that requests may be for; others, or none, get 403 (DNS rebinding). Default: names of
   * this machine for a resource of this machine (`http://localhost:3000/mcp`), `any` for others.
   */
  readonly allowedHosts?: readonly string[] | 'any'
  /** Answers a client 429 for the rest of a window in which it sent too many bad credentials. Default: no limit. */
  readonly failureLimit?: FailureLimitOptions
  /**
   * The metadata of one of the `issuers`, served as it is at `/.well-known/oauth-authorization-server` for clients of the MCP
   * specification of 2025-03-26, which look for it here.
   */
  readonly legacyServerMetadata?: Readonly<Record<string, unknown>>
}
