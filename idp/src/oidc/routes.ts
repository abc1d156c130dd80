import type { HotPool } from '../directory/types.ts'
import { poolPaths } from '../directory/urls.ts'
import { revocationPaths } from './revocation/paths.ts'

const read = 'GET, HEAD, OPTIONS'

/** A path below the issuer that oidc-provider answers. */
export interface Route {
  /** As an Allow header lists them. */
  readonly methods: string
  readonly isOn?: (pool: HotPool) => boolean
}

const device: Pick<Route, 'isOn'> = { isOn: (pool) => pool.deviceFlowEnabled }

/** What oidc-provider answers, below the issuer. Its router would take other spellings of these paths too. */
const routes: Readonly<Record<string, Route>> = {
  [poolPaths.token]: { methods: 'POST, OPTIONS' },
  [poolPaths.jwks]: { methods: read },
  [poolPaths.discovery]: { methods: read },
  '/.well-known/oauth-authorization-server': { methods: read },
  [revocationPaths.feed]: { methods: read },
  [poolPaths.authorization]: { methods: 'GET, HEAD, POST' },
  [poolPaths.userinfo]: { methods: 'GET, POST, OPTIONS' },
  [poolPaths.endSession]: { methods: 'GET, HEAD, POST' },
  [`${poolPaths.endSession}/confirm`]: { methods: 'POST' },
  [`${poolPaths.endSession}/success`]: { methods: 'GET, HEAD' },
  [poolPaths.deviceAuthorization]: { methods: 'POST, OPTIONS', ...device },
  [poolPaths.device]: { methods: 'GET, HEAD, POST', ...device },
}

/** Where a browser comes back to after an interaction. */
const resumed: readonly { readonly under: string; readonly route: Route }[] = [
  { under: `${poolPaths.authorization}/`, route: { methods: 'GET, HEAD' } },
  { under: `${poolPaths.device}/`, route: { methods: 'GET, HEAD', ...device } },
]

const uid = /^[A-Za-z0-9_-]{1,64}$/

/** The route of a path; undefined: the library has nothing there. */
export function routeOf(path: string): Route | undefined {
  if (Object.hasOwn(routes, path)) return routes[path]
  return resumed.find(({ under }) => path.startsWith(under) && uid.test(path.slice(under.length)))?.route
}
