import type { Seed } from '@postern/server'

/** A service of the gateway that trusts a pool: what is registered there for it. */
export interface ServiceResource {
  /** Its path at the gateway. */
  readonly identifier: string
  readonly name: string
  readonly scopes: readonly string[]
}

/**
 * The resources that a seed's services need in one of its pools. The gateway registers them as well, once it runs; made
 * here, a client of the same seed can name them, and tokens can be had before.
 */
export function serviceResources({ services = [] }: Partial<Seed>, poolId: string): readonly ServiceResource[] {
  return services.flatMap(({ id, name = id, path, authorizers = [] }) =>
    authorizers.flatMap((authorizer) =>
      authorizer.type === 'CustomJWT' && authorizer.pool === poolId
        ? [{ identifier: path, name, scopes: authorizer.requiredScopes ?? [] }]
        : [],
    ),
  )
}
