import { type SeedService, type SeedToolset, scopesAskedFor } from '@postern/server'

/** A service or toolset of a seed. */
export type ServedBySeed = SeedService | SeedToolset

/** A service or toolset of the gateway that trusts a pool: what is registered there for it. */
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
export function serviceResources(
  { services = [] }: { readonly services?: readonly ServedBySeed[] },
  poolId: string,
): readonly ServiceResource[] {
  return services.flatMap(({ id, name = id, path, authorizers = [], access }) =>
    authorizers.flatMap((authorizer) =>
      authorizer.type === 'CustomJWT' && authorizer.pool === poolId
        ? [{ identifier: path, name, scopes: scopesAskedFor(authorizer.requiredScopes, access?.rules) }]
        : [],
    ),
  )
}
