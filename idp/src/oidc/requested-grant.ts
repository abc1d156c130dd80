import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'

type Grant = InstanceType<Provider['Grant']>

/** Puts everything that a request asks for, and may have, into a grant. */
export function grantRequested(grant: Grant, { oidc }: KoaContextWithOIDC): void {
  grant.addOIDCScope(oidc.requestParamOIDCScopes)
  for (const [resource, { scopes }] of Object.entries(oidc.resourceServers ?? {})) {
    grant.addResourceScope(
      resource,
      [...oidc.requestParamScopes].filter((name) => scopes.has(name)),
    )
  }
}
