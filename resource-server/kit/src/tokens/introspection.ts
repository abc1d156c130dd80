import {
  createCache,
  createSingleFlight,
  type JsonObject,
  type MaybePromise,
  sha256Base64url,
  whenReady,
} from '@postern/core'
import { audienceOf } from '../checks/audience.ts'
import { clientIdOf } from '../checks/client.ts'
import { member, type TokenContext } from '../checks/context.ts'
import { introspectionChecks, policyChecks } from '../checks/pipeline.ts'
import { scopesOf } from '../checks/scope-claim.ts'
import { notBefore, numericDate } from '../checks/time.ts'
import { limits } from '../limits.ts'
import type { IntrospectionRules } from '../options/introspection.ts'
import type { IssuerRules, Settings } from '../options/settings.ts'
import type { RevocationQuery } from '../options/types.ts'
import { onBehalfOf, Refusal } from '../refusal.ts'
import { grantOf } from './granted.ts'
import { callerOf, createIdentity, type Identity, type Verify } from './identity.ts'
import { createIntrospectionEndpoint, type EndpointSettings } from './introspection-endpoint.ts'
import { createRevocationCheck } from './revocation.ts'

/** A token that its issuer vouched for, with all that is needed to see later whether that is still so. */
export interface IntrospectedToken {
  readonly identity: Identity
  /** Seconds since the epoch. */
  readonly notBefore: number
  readonly expiresAt: number | undefined
  readonly revocation: RevocationQuery
}

export type IntrospectionSettings = EndpointSettings &
  Pick<Settings, 'resource' | 'metadataUrl' | 'scopeHierarchy' | 'isRevoked'>

export interface Introspection {
  readonly issuer: string
  readonly rules: IntrospectionRules
  readonly verify: Verify
  /** Asks about a token that nobody has: resolves to why that does not work, in a sentence for an operator. */
  probe(token: string): Promise<string | undefined>
  clear(): void
  close(): void
}

/**
 * Verifies tokens by asking their issuer (RFC 7662). What it answers is looked at like the claims of a JWT: that a
 * token is active says nothing about for whom. Equal tokens that arrive together are asked about once. Good answers
 * are kept only where an option says so; bad ones for a moment, apart, so that a flood of them drives out nothing.
 */
export function createIntrospection(
  issuerRules: IssuerRules,
  rules: IntrospectionRules,
  settings: IntrospectionSettings,
): Introspection {
  const { clock, isRevoked } = settings
  const endpoint = createIntrospectionEndpoint(issuerRules.issuer, rules, settings)
  const flights = createSingleFlight<IntrospectedToken>({ patienceMs: limits.flightPatienceMs })
  const good = createCache<IntrospectedToken>({ max: limits.cachedTokens, clock })
  const bad = createCache<Refusal>({ max: limits.cachedRefusals, clock })
  const passRevocation = createRevocationCheck(isRevoked)
  const contextual = forAnswers(issuerRules, rules)
  let generation = 0

  const ask = async (token: string, hash: string): Promise<IntrospectedToken> => {
    const asked = generation
    const claims = await endpoint.ask(token)
    const now = clock.now()
    try {
      const found = await examine(token, hash, { header: {}, claims, rules: contextual, now: now / 1000 }, settings)
      const end = Math.min(now + rules.cacheMs, (found.expiresAt ?? Number.POSITIVE_INFINITY) * 1000)
      if (asked === generation) good.set(hash, found, end)
      return found
    } catch (error) {
      if (asked === generation && isAboutTheToken(error)) bad.set(hash, error, now + limits.refusalCacheMs)
      throw error
    }
  }

  const recall = (hash: string): IntrospectedToken | undefined => {
    const found = good.get(hash)
    return found !== undefined && clock.now() >= found.notBefore * 1000 ? found : undefined
  }

  const verifyBy = (hash: string, token: string): MaybePromise<Identity> => {
    const found = recall(hash)
    if (found !== undefined) return passRevocation(found)
    const refused = bad.get(hash)
    if (refused !== undefined) throw refused
    return whenReady(
      flights(hash, () => ask(token, hash)),
      passRevocation,
    )
  }

  return {
    issuer: issuerRules.issuer,
    rules,
    verify(token) {
      if (!b64token.test(token)) throw new Refusal('malformed_token')
      return whenReady(sha256Base64url(token), (hash) => verifyBy(hash, token))
    },
    async probe(token) {
      try {
        await endpoint.ask(token)
        return undefined
      } catch {
        return endpoint.problem() ?? 'the introspection endpoint cannot be asked'
      }
    },
    clear() {
      generation += 1
      good.clear()
      bad.clear()
    },
    close: endpoint.close,
  }
}

/** RFC 6750 §2.1: nothing else is sent anywhere. */
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

/** The profile speaks of JWTs; answers need not have `iat` and `jti`, and where an option says so no `exp`. */
function forAnswers(issuer: IssuerRules, { allowNonExpiring }: IntrospectionRules): IssuerRules {
  const allowMissing = new Set(allowNonExpiring ? [...issuer.allowMissing, 'exp'] : issuer.allowMissing)
  return { ...issuer, profile: 'compatible', allowMissing }
}

function isAboutTheToken(error: unknown): error is Refusal {
  return error instanceof Refusal && (error.kind === 'invalid_token' || error.kind === 'access_denied')
}

async function examine(
  token: string,
  hash: string,
  context: TokenContext,
  settings: IntrospectionSettings,
): Promise<IntrospectedToken> {
  const { claims, rules } = context
  for (const check of [...introspectionChecks, ...(rules.moreChecks ?? [])]) check(context)
  const expiresAt = numericDate(claims, 'exp')
  const identity = await createIdentity(
    {
      kind: 'introspected',
      token,
      issuer: rules.issuer,
      subject: String(member(claims, 'sub') ?? ''),
      clientId: clientIdOf(context) ?? '',
      audience: audienceOf(context),
      expiresAt,
      resource: settings.resource,
      resourceMetadataUrl: settings.metadataUrl,
      claims,
    },
    grantOf(scopesOf(context), settings.scopeHierarchy),
  )
  onBehalfOf(callerOf(identity), () => {
    for (const check of policyChecks) check(context)
  })
  const revocation = await revocationQuery(token, hash, claims, identity)
  return { identity, notBefore: notBefore(claims) - rules.clockTolerance, expiresAt, revocation }
}

/** An opaque token was not signed in any way that could be seen, so its own hash names it; a JWT is named as elsewhere. */
async function revocationQuery(
  token: string,
  hash: string,
  claims: JsonObject,
  { auth: { issuer, subject, clientId } }: Identity,
): Promise<RevocationQuery> {
  const end = token.lastIndexOf('.')
  const isJwt = token.split('.').length === 3
  const tokenId = member(claims, 'jti')
  return {
    issuer,
    subject,
    clientId,
    ...(typeof tokenId === 'string' ? { tokenId } : {}),
    signingInputHash: isJwt ? await sha256Base64url(token.slice(0, end)) : hash,
  }
}
