import { type JsonObject, type MaybePromise, type ParsedJws, parseJws, sha256Base64url, whenReady } from '@postern/core'
import { verifySignature } from '#signature'
import { algorithmOf } from '../checks/algorithm.ts'
import { audienceOf } from '../checks/audience.ts'
import { clientIdOf } from '../checks/client.ts'
import { type Check, member, type TokenContext } from '../checks/context.ts'
import { headerChecks, policyChecks, tokenChecks } from '../checks/pipeline.ts'
import { scopesOf } from '../checks/scope-claim.ts'
import { notBefore, numericDate } from '../checks/time.ts'
import type { VerificationKey } from '../keys/key-set.ts'
import type { KeySource } from '../keys/key-source.ts'
import { limits } from '../limits.ts'
import type { Algorithm } from '../options/algorithms.ts'
import type { IssuerRules, Settings } from '../options/settings.ts'
import type { RevocationQuery } from '../options/types.ts'
import { onBehalfOf, Refusal } from '../refusal.ts'
import { callerOf, createIdentity, type Identity } from './identity.ts'
import { createRevocationCheck } from './revocation.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

/** An issuer whose tokens are accepted, and where its keys come from. */
export interface TrustedIssuer {
  readonly rules: IssuerRules
  readonly keys: KeySource
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
}

export type JwtSettings = Pick<
  Settings,
  'resource' | 'metadataUrl' | 'scopeHierarchy' | 'isRevoked' | 'cachedTokens' | 'clock'
>

export interface JwtVerifier {
  /** Throws or rejects with `Refusal`. `hash` is the token's SHA-256, base64url. */
  verify(token: string, hash: string): MaybePromise<Identity>
  /** Forgets what was verified before. */
  clear(): void
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

  const verifyAnew = (token: string, hash: string): MaybePromise<VerifiedToken> => {
    const jws = parseJws(token, { maxLength: limits.tokenLength })
    if (jws.malformed !== undefined) throw new Refusal(jws.malformed)
    const issuer = issuerOf(jws.payload, byName)
    const context: TokenContext = {
      header: jws.header,
      claims: jws.payload,
      rules: issuer.rules,
      get now() {
        return clock.now() / 1000
      },
    }
    run(headerChecks, context)
    const algorithm = algorithmOf(context)
    return whenReady(issuer.keys.find(algorithm, kidOf(jws)), (key) =>
      whenReady(checkSignature(jws, algorithm, key), () => {
        run(tokenChecks, context)
        run(issuer.rules.moreChecks ?? [], context)
        return whenReady(describe(token, jws, context, settings), (found) => {
          onBehalfOf(callerOf(found.identity), () => run(policyChecks, context))
          const passed = { ...found, issuer, key }
          verified.remember(hash, passed)
          return passed
        })
      }),
    )
  }

  return {
    verify: (token, hash) => {
      const remembered = verified.recall(hash)
      return remembered === undefined ? whenReady(verifyAnew(token, hash), passRevocation) : passRevocation(remembered)
    },
    clear: () => verified.clear(),
  }
}

/** `iss` is, to the letter, an issuer that is trusted. RFC 9068 §4. */
function issuerOf(claims: JsonObject, issuers: ReadonlyMap<unknown, TrustedIssuer>): TrustedIssuer {
  const issuer = issuers.get(member(claims, 'iss'))
  if (issuer === undefined) throw new Refusal('issuer_unknown')
  return issuer
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

type Described = Omit<VerifiedToken, 'issuer' | 'key'>

/** What the rest of the program gets to know of a token whose signature and claims are good. */
function describe(
  token: string,
  jws: ParsedJws,
  context: TokenContext,
  settings: JwtSettings,
): MaybePromise<Described> {
  const { claims, rules } = context
  const { resource, metadataUrl, scopeHierarchy, isRevoked } = settings
  const expiresAt = numericDate(claims, 'exp') ?? 0
  const input = {
    kind: 'jwt',
    token,
    issuer: rules.issuer,
    subject: String(member(claims, 'sub') ?? ''),
    clientId: clientIdOf(context) ?? '',
    scopes: scopesOf(context),
    audience: audienceOf(context),
    expiresAt,
    resource,
    resourceMetadataUrl: metadataUrl,
    claims,
  } as const
  return whenReady(createIdentity(input, scopeHierarchy), (identity) => {
    const found = { identity, notBefore: notBefore(claims) - rules.clockTolerance, expiresAt, revocation: undefined }
    if (isRevoked === undefined) return found
    return whenReady(sha256Base64url(jws.signingInput), (signingInputHash) => ({
      ...found,
      revocation: revocationQuery(identity, signingInputHash),
    }))
  })
}

function revocationQuery({ auth }: Identity, signingInputHash: string): RevocationQuery {
  const { issuer, subject, clientId, claims } = auth
  const tokenId = member(claims, 'jti')
  return { issuer, subject, clientId, ...(typeof tokenId === 'string' ? { tokenId } : {}), signingInputHash }
}
