import type { Settings } from '../options/settings.ts'
import { Refusal } from '../refusal.ts'
import { createApiKeyVerifier } from './api-key.ts'
import { createCustomVerifier } from './custom.ts'
import type { Verify } from './identity.ts'
import type { Introspection } from './introspection.ts'
import { createIntrospectionRoute } from './introspection-route.ts'
import type { JwtVerifier } from './jwt.ts'
import { createRoute } from './route.ts'

/** What verifies the tokens of issuers. */
export interface Sources {
  readonly jwt: JwtVerifier | undefined
  readonly introspections: readonly Introspection[]
}

/** Makes the verifiers that the options ask for, and the route to them. Once closed, nobody is let in. */
export function createVerify(
  settings: Settings,
  { jwt, introspections }: Sources,
  state: { readonly isClosed: boolean },
): Verify {
  const { apiKeys: store, verify: options, scopeHierarchy: hierarchy } = settings
  const issuers = settings.issuers.map(({ issuer }) => issuer)
  const shared = { ...settings, issuers, hierarchy }
  const route = createRoute({
    jwt: jwt?.verify,
    apiKey: store === undefined ? undefined : createApiKeyVerifier({ ...shared, store }),
    ...(introspections.length === 0 ? {} : { introspection: createIntrospectionRoute(introspections) }),
    custom: options === undefined ? undefined : createCustomVerifier({ ...shared, options }),
  })
  return (token) => {
    if (state.isClosed) throw new Refusal('keys_unavailable')
    return route(token)
  }
}
