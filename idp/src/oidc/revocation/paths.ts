/** Paths below the issuer. */
export const revocationPaths = { introspection: '/introspect', revocation: '/revoke', feed: '/revocations' } as const
