import { type JsonObject, type MaybePromise, type ParsedJws, parseJws, sha256Base64url, whenReady } from '@postern/core'
import { verifySignature } from '#signature'
import { type AuthInfo, freezeJson } from '../auth-info.ts'
import { algorithmOf } from '../checks/algorithm.ts'
import { audienceOf } from '../checks/audience.ts'
import { clientIdOf } from '../checks/client.ts'
import { type Check, member, type TokenContext } from '../checks/context.ts'
import { headerChecks, policyChecks, tokenChecks } from '../checks/pipeline.ts'
import { notBefore, numericDate } from '../checks/time.ts'
import type { VerificationKey } from '../keys/key-set.ts'
import type { KeySource } from '../keys/key-source.ts'
import { limits } from '../limits.ts'
import type { Algorithm } from '../options/algorithms.ts'
import type { IssuerRules, Settings } from '../options/settings.ts'
import type { RevocationQuery } from '../options/types.ts'
import { onBehalfOf, Refusal } from '../refusal.ts'
import type { Follower } from '../revocations/follower.ts'
import type { TokenFacts } from '../revocations/ledger.ts'
import { tokenFactsOf } from '../revocations/token-facts.ts'
import { createGrants, type ReadGranted } from './granted.ts'
import { callerOf, createIdentity, type Identity } from './identity.ts'
import { createRevocationCheck } from './revocation.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

/** An issuer whose tokens are accepted, and where its keys come from. */
export interface TrustedIssuer {
  readonly rules: IssuerRules
  readonly keys: KeySource
  /** What is heard about its tokens that were revoked; undefined where nobody listens. */
  readonly follower?: Follower | undefined
}

/** A JWT that passed, with all that is needed to see later whether it still would. */
export interface VerifiedToken {
  readonly identity: Identity
  readonly issuer: TrustedIssuer
  readonly key: VerificationKey
  /** Seconds since the epoch. */
  readonly notBefore: number
  readonly expiresAt: number
  readonly revocation: RevocationQuery | undefined
  /** Undefined where nobody listens to what ends. */
  readonly facts: TokenFacts | undefined
}

export type JwtSettings = Pick<
  Settings,
  'resource' | 'metadataUrl' | 'scopeHierarchy' | 'isRevoked' | 'onEvent' | 'cachedTokens' | 'clock'
>

export interface JwtVerifier {
  /** The SHA-256 of any token, base64url; quickly where it was verified not long ago and asked about before. */
  hashOf(token: string): MaybePromise<string>
  /** Throws or rejects with `Refusal`. */
  verify(token: string): MaybePromise<Identity>
  /** Forgets what was verified before. */
  clear(): void
  /** Verified tokens that are remembered. */
  readonly remembered: number
  /** Has the caller's token been revoked since it was verified? */
  isRevoked(auth: AuthInfo): boolean
}

/**
 * Verifies JWT access tokens: shape, issuer, algorithm, key, signature, claims, policy, in that order. Nothing is
 * fetched before the issuer is known as one that is trusted, and no claim is looked at before the signature is good.
 * What passed is remembered, and on the next request only what may have changed is looked at again.
 */
export function createJwtVerifier(issuers: readonly TrustedIssuer[], settings: JwtSettings): JwtVerifier {
  const { clock } = settings
  const byName = new Map(issuers.map((issuer) => [issuer.rules.issuer, issuer]))
  const verified = createVerifiedTokens(settings)
  const passRevocation = createRevocationCheck(settings.isRevoked)
  const grants = createGrants(settings.scopeHierarchy)
  // Only of tokens that somebody may end: every entry costs the garbage collector.
  const callers = new WeakMap<AuthInfo, VerifiedToken>()

  const verifyAnew = (token: string): MaybePromise<VerifiedToken> => {
    const jws = parseJws(token, { maxLength: limits.tokenLength })
    if (jws.malformed !== undefined) throw new Refusal(jws.malformed)
    const issuer = issuerOf(jws.payload, byName)
    const { header, payload: claims } = jws
    const { rules } = issuer
    const context = { header, claims, rules, now: clock.now() / 1000 }
    run(headerChecks, context)
    const algorithm = algorithmOf(context)
    refuseOfEnded(issuer, claims)

    const examine = (key: VerificationKey): MaybePromise<VerifiedToken> => {
      // Keys and signature may have taken a while.
      context.now = clock.now() / 1000
      run(tokenChecks, context)
      if (rules.moreChecks !== undefined) run(rules.moreChecks, context)
      freezeJson(claims)
      return whenReady(describe({ token, jws, context, issuer, key, grants }, settings), (passed) =>
        accept(passed, context),
      )
    }
    return whenReady(issuer.keys.find(algorithm, kidOf(jws)), (key) =>
      whenReady(checkSignature(jws, algorithm, key), () => examine(key)),
    )
  }

  const accept = (passed: VerifiedToken, context: TokenContext): MaybePromise<VerifiedToken> => {
    const { identity, issuer, facts } = passed
    onBehalfOf(callerOf(identity), () => run(policyChecks, context))
    verified.remember(passed)
    if (facts !== undefined) callers.set(identity.auth, passed)
    return whenReady(issuer.follower?.start(), () => passed)
  }

  const pass = (token: VerifiedToken): MaybePromise<Identity> => {
    const reason = judge(token)
    if (reason !== undefined) {
      onBehalfOf(callerOf(token.identity), () => {
        throw new Refusal(reason)
      })
    }
    return passRevocation(token)
  }

  return {
    hashOf: verified.hashOf,
    verify: (token) => {
      const remembered = verified.recall(token)
      if (remembered === undefined) return whenReady(verifyAnew(token), pass)
      // Who followed the issuer's feed may be gone: on Workers, with the request that began it.
      const starting = remembered.issuer.follower?.start()
      return starting === undefined ? pass(remembered) : whenReady(starting, () => pass(remembered))
    },
    clear: verified.clear,
    get remembered() {
      return verified.size
    },
    isRevoked(auth) {
      const token = callers.get(auth)
      return token !== undefined && judge(token) === 'revoked'
    },
  }
}

/** Why a token that was verified is no good any more, by what its issuer has said. */
function judge({ issuer, facts }: VerifiedToken): ReturnType<Follower['judge']> {
  return facts === undefined ? undefined : issuer.follower?.judge(facts)
}

/** `iss` is, to the letter, an issuer that is trusted. RFC 9068 §4. */
function issuerOf(claims: JsonObject, issuers: ReadonlyMap<unknown, TrustedIssuer>): TrustedIssuer {
  const issuer = issuers.get(member(claims, 'iss'))
  if (issuer === undefined) throw new Refusal('issuer_unknown')
  return issuer
}

/** Of an issuer that is gone the keys cannot be had any more, so what its token says of its age is taken as it is. */
function refuseOfEnded({ follower }: TrustedIssuer, claims: JsonObject): void {
  if (follower === undefined) return
  const issuedAt = member(claims, 'iat')
  if (follower.isOver(typeof issuedAt === 'number' ? issuedAt : 0)) throw new Refusal('revoked')
}

function run(checks: readonly Check[], context: TokenContext): void {
  for (const check of checks) check(context)
}

function kidOf({ header }: ParsedJws): string | undefined {
  const kid = member(header, 'kid')
  return typeof kid === 'string' ? kid : undefined
}

function checkSignature(jws: ParsedJws, algorithm: Algorithm, key: VerificationKey): MaybePromise<void> {
  const { signingInput, signature } = jws
  return whenReady(key.handle(algorithm), (handle) =>
    whenReady(verifySignature({ algorithm, key: handle, signingInput, signature }), (isGood) => {
      if (!isGood) throw new Refusal('bad_signature')
    }),
  )
}

interface Passed {
  readonly token: string
  readonly jws: ParsedJws
  readonly context: TokenContext
  readonly issuer: TrustedIssuer
  readonly key: VerificationKey
  readonly grants: ReadGranted
}

/** What the rest of the program gets to know of a token whose signature and claims are good. */
function describe(passed: Passed, settings: JwtSettings): MaybePromise<VerifiedToken> {
  const { token, jws, context, issuer, key, grants } = passed
  const { claims, rules } = context
  const { resource, metadataUrl, isRevoked, onEvent } = settings
  const expiresAt = numericDate(claims, 'exp') ?? 0
  const input = {
    kind: 'jwt',
    token,
    issuer: rules.issuer,
    subject: String(member(claims, 'sub') ?? ''),
    clientId: clientIdOf(context) ?? '',
    audience: audienceOf(context),
    expiresAt,
    resource,
    resourceMetadataUrl: metadataUrl,
    claims,
  } as const
  const isFollowed = issuer.follower !== undefined
  return whenReady(createIdentity(input, grants(context), isFollowed || onEvent !== undefined), (identity) => {
    const read = isFollowed ? tokenFactsOf(claims, input.clientId, identity.subjectHash) : undefined
    return whenReady(read, (facts) => {
      const from = notBefore(claims) - rules.clockTolerance
      const found = { identity, issuer, key, notBefore: from, expiresAt, revocation: undefined, facts }
      if (isRevoked === undefined) return found
      return whenReady(sha256Base64url(jws.signingInput), (signingInputHash) => ({
        ...found,
        revocation: revocationQuery(identity, signingInputHash),
      }))
    })
  })
}

function revocationQuery({ auth }: Identity, signingInputHash: string): RevocationQuery {
  const { issuer, subject, clientId, claims } = auth
  const tokenId = member(claims, 'jti')
  return { issuer, subject, clientId, ...(typeof tokenId === 'string' ? { tokenId } : {}), signingInputHash }
}
