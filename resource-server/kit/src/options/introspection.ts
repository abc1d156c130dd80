/** How to ask an issuer about tokens that only it can read. RFC 7662. */
export interface IntrospectionOptions {
  /** Where to ask. Default: the `introspection_endpoint` of the issuer's metadata. */
  readonly endpoint?: string
  /** Who asks: a client that the issuer knows. Required, but for the dialect `google`. */
  readonly clientId?: string
  /** Authenticates the client by `client_secret_basic`. */
  readonly clientSecret?: string
  /** A private JWK; authenticates the client by `private_key_jwt` (RFC 7523) instead. */
  readonly privateKey?: object
  /** Seconds that a good answer is believed, never past the token's end; a revoked token lives on so long. Default 0. */
  readonly cache?: number
  /** Seconds that one answer may take. Default 5. */
  readonly timeout?: number
  /** `opaque`: tokens that are no JWTs. `all`: also the JWTs of this issuer, which then need no keys. Default `opaque`. */
  readonly tokens?: 'opaque' | 'all'
  /** Only opaque tokens that begin so, such as `oat_`; lets several issuers, or `verify`, have opaque tokens too. */
  readonly prefix?: string
  /** Loosens: answers without `exp` are accepted. */
  readonly allowNonExpiring?: boolean
  /** `google`: the endpoint speaks Google's tokeninfo rather than RFC 7662. Default `rfc7662`. */
  readonly dialect?: 'rfc7662' | 'google'
}

/** How the client proves who it is. */
export type ClientAuthentication =
  | { readonly method: 'none' }
  | { readonly method: 'client_secret_basic'; readonly clientId: string; readonly clientSecret: string }
  | {
      readonly method: 'private_key_jwt'
      readonly clientId: string
      readonly algorithm: string
      readonly key: Readonly<Record<string, unknown>>
    }

/** Validated, with defaults. Times are milliseconds. */
export interface IntrospectionRules {
  readonly endpoint: string | undefined
  /** Where the metadata stands that names the endpoint. */
  readonly metadataUrls: readonly string[]
  readonly authentication: ClientAuthentication
  readonly cacheMs: number
  readonly timeoutMs: number
  readonly tokens: 'opaque' | 'all'
  readonly prefix: string | undefined
  readonly allowNonExpiring: boolean
  readonly dialect: 'rfc7662' | 'google'
}
