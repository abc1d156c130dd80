import { ConfigError } from '../options/config-error.ts'
import type { IssuerOptions, ResourceServerOptions } from '../options/types.ts'
import { type Ground, type RouteRules, readAudience } from './bearer.ts'
import type { RouteConfig, VerifyJwtConfig } from './config.ts'
import { type JwtRules, readJwtVerify } from './jwt-verify-options.ts'
import { type KeyRules, readRemoteJwkSet } from './remote-jwk-set-options.ts'

/** What a route with mode `jwt` asks of tokens, in the kit's terms. */
export function jwtRules(ground: Ground, route: RouteConfig & VerifyJwtConfig): RouteRules {
  const rules = readJwtVerify(route.jwtVerify)
  const keys = readRemoteJwkSet(route.remoteJwkSet, route.remoteJwtSet)
  const audiences = oneAudience(readAudience(route.audience), rules) ?? ground.audiences
  const { options } = ground
  return {
    audiences,
    options: {
      issuers: acceptedOf(options.issuers ?? [], rules).map((issuer) => ({
        ...issuer,
        ...(rules.algorithms === undefined ? {} : { algorithms: rules.algorithms }),
        ...(audiences === undefined ? {} : { audience: audiences }),
      })),
      ...(rules.clockTolerance === undefined ? {} : { clockTolerance: rules.clockTolerance }),
      keys: { ...options.keys, ...keys.keys },
      ...fetchOption(keys, options),
    },
    adjust: (issuer) => ({ ...issuer, moreChecks: rules.checks }),
    remembers: !rules.ages,
  }
}

/** `audience` and `jwtVerify.audience` mean the same claim; a token has to please both. */
function oneAudience(named: readonly string[] | undefined, { audiences }: JwtRules): readonly string[] | undefined {
  if (named === undefined || audiences === undefined) return named ?? audiences
  if (!named.every((audience) => audiences.includes(audience))) {
    throw new ConfigError('jwtVerify.audience', 'differs from audience; name the audience in one place')
  }
  return named
}

function acceptedOf(configured: readonly IssuerOptions[], { issuers }: JwtRules): readonly IssuerOptions[] {
  if (issuers === undefined) return configured
  const accepted = configured.filter(({ issuer }) => issuers.includes(issuer))
  if (accepted.length > 0) return accepted
  throw new ConfigError('jwtVerify.issuer', 'is none of the configured authorization servers')
}

/** Headers and functions for keys are not for discovery: only what is no metadata goes their way. */
function fetchOption({ fetch }: KeyRules, options: ResourceServerOptions): Pick<ResourceServerOptions, 'fetch'> {
  if (fetch === undefined) return {}
  if (options.network === 'public-only') {
    throw new ConfigError(
      'remoteJwkSet',
      'has headers or a fetch of its own, which kit.network cannot guard; remove one',
    )
  }
  const discovery = new Set((options.issuers ?? []).map(({ discoveryUrl }) => discoveryUrl))
  const forKeys = fetch(options.fetch)
  const usual = options.fetch ?? globalThis.fetch
  return {
    fetch: (target, init) => (discovery.has(String(target)) ? usual(target, init) : forKeys(target, init)),
  }
}
