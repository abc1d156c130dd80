/** The addresses of a pool. The public origin is configured and never taken from a request. */
export interface PoolUrls {
  readonly issuer: string
  readonly discoveryUrl: string
  readonly tokenUrl: string
  readonly jwksUrl: string
}

/** Paths below the issuer; the OpenID face must serve exactly these. */
export const poolPaths = {
  discovery: '/.well-known/openid-configuration',
  authorization: '/auth',
  token: '/token',
  jwks: '/jwks',
  registration: '/reg',
  userinfo: '/userinfo',
  deviceAuthorization: '/device_authorization',
  /** Where a person types the code that a device shows. */
  device: '/device',
  endSession: '/end-session',
} as const

/** @param idpUrl public origin of the identity provider, without a trailing slash */
export function poolUrls(idpUrl: string, poolId: string): PoolUrls {
  const issuer = `${idpUrl}/pools/${poolId}`
  return {
    issuer,
    discoveryUrl: issuer + poolPaths.discovery,
    tokenUrl: issuer + poolPaths.token,
    jwksUrl: issuer + poolPaths.jwks,
  }
}
