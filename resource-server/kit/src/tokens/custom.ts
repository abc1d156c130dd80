import {
  type Clock,
  isScopeToken,
  type JsonObject,
  type MaybePromise,
  type ScopeHierarchy,
  whenReady,
} from '@postern/core'
import { isRecord } from '../options/fields.ts'
import { Refusal } from '../refusal.ts'
import { callHost, type Failure } from './call.ts'
import { grantOf } from './granted.ts'
import { createIdentity, type Identity, type Verify } from './identity.ts'

/** What a custom verifier says of a good token. Anything else, falsy values included, means that it is not. */
export interface CustomResult {
  /** May be left out where one issuer is configured. */
  readonly issuer?: string
  readonly subject?: string
  readonly clientId?: string
  readonly scopes?: readonly string[]
  /** Given, it must name the resource. Left out, the verifier vouches that the token is meant for this resource. */
  readonly audience?: string | readonly string[]
  /** Seconds since the epoch. Required, unless `allowNonExpiring`. */
  readonly expiresAt?: number
  readonly claims?: Readonly<Record<string, unknown>>
  readonly extra?: Readonly<Record<string, unknown>>
}

export interface CustomContext {
  readonly resource: string
  /** Aborts when the kit no longer waits. */
  readonly signal: AbortSignal
}

/**
 * Verifies a token in a way of one's own. Return `undefined` to refuse it (401). An error answers 500 without a word of
 * it, but for an OAuth error `invalid_token` as the MCP SDKs' verifiers throw it, which is a refusal.
 */
export type CustomVerifier = (
  token: string,
  context: CustomContext,
) => MaybePromise<CustomResult | undefined | null | false>

export interface CustomVerifierOptions {
  readonly token: CustomVerifier
  /** Seconds that it may take; then the answer is 503. Default 5. */
  readonly timeout?: number
  /** Loosens: results without `expiresAt` are accepted. */
  readonly allowNonExpiring?: boolean
}

export interface CustomSettings {
  readonly options: CustomVerifierOptions
  readonly resource: string
  readonly metadataUrl: string | undefined
  readonly issuers: readonly string[]
  /** What results may name as audience. Default: the resource. */
  readonly audiences?: ReadonlySet<string> | 'any'
  /** Seconds. */
  readonly clockTolerance: number
  readonly hierarchy: ScopeHierarchy
  readonly clock: Clock
}

/** Puts a custom verifier under the kit's contract: awaited for a bounded time, its result checked and frozen. */
export function createCustomVerifier(settings: CustomSettings): Verify {
  const { options, resource } = settings
  const timeout = options.timeout === undefined ? {} : { timeoutMs: options.timeout * 1000 }
  return (token) => {
    if (!b64token.test(token)) throw new Refusal('malformed_token')
    return whenReady(
      callHost((signal) => options.token(token, { resource, signal }), { failure, ...timeout }),
      (result) => accept(token, result, settings),
    )
  }
}

/** RFC 6750 §2.1: nothing else reaches the verifier. */
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

const refusingCodes = new Set<unknown>(['invalid_token', 'jwt_verification_failed'])

const failure: Failure = (error) => {
  const code = isRecord(error) ? (error['errorCode'] ?? error['code']) : undefined
  return new Refusal(refusingCodes.has(code) ? 'custom_refused' : 'custom_failed')
}

function accept(token: string, result: unknown, settings: CustomSettings): MaybePromise<Identity> {
  if (result === undefined || result === null || result === false) throw new Refusal('custom_refused')
  if (!isResult(result)) throw new Refusal('custom_failed')
  const { resource, metadataUrl, hierarchy } = settings
  checkExpiry(result, settings)
  return createIdentity(
    {
      kind: 'custom',
      token,
      issuer: issuerOf(result, settings),
      subject: result.subject ?? '',
      clientId: result.clientId ?? '',
      audience: audienceOf(result, settings),
      expiresAt: result.expiresAt,
      resource,
      resourceMetadataUrl: metadataUrl,
      claims: copy(result.claims),
      extra: copy(result.extra),
    },
    grantOf(result.scopes ?? [], hierarchy),
  )
}

function checkExpiry({ expiresAt }: CustomResult, { options, clock, clockTolerance }: CustomSettings): void {
  if (expiresAt === undefined) {
    if (options.allowNonExpiring !== true) throw new Refusal('expiry_missing')
  } else if (clock.now() / 1000 >= expiresAt + clockTolerance) {
    throw new Refusal('expired')
  }
}

function issuerOf({ issuer }: CustomResult, { issuers, resource }: CustomSettings): string {
  if (issuers.length === 0) return issuer ?? resource
  if (issuer === undefined && issuers.length === 1) return issuers[0] ?? resource
  if (issuer === undefined || !issuers.includes(issuer)) throw new Refusal('issuer_unknown')
  return issuer
}

function audienceOf({ audience }: CustomResult, { resource, audiences }: CustomSettings): readonly string[] {
  if (audience === undefined) return audiences === 'any' ? [] : [resource]
  const named = typeof audience === 'string' ? [audience] : audience
  const accepted = audiences ?? new Set([resource])
  if (accepted !== 'any' && !named.some((name) => accepted.has(name))) throw new Refusal('audience_mismatch')
  return named
}

/** A copy of its own to freeze; what cannot be copied (functions, class instances with private parts) is the verifier's fault. */
function copy(value: Readonly<Record<string, unknown>> | undefined): JsonObject {
  try {
    return structuredClone(value ?? {})
  } catch {
    throw new Refusal('custom_failed')
  }
}

function isResult(value: unknown): value is CustomResult {
  if (!isRecord(value)) return false
  const { issuer, subject, clientId, scopes, audience, expiresAt, claims, extra } = value
  return (
    isOptional(issuer, isText) &&
    isOptional(subject, isText) &&
    isOptional(clientId, isText) &&
    isOptional(scopes, (list) => isTexts(list) && list.every(isScopeToken)) &&
    isOptional(audience, (aud) => isText(aud) || isTexts(aud)) &&
    isOptional(expiresAt, (time) => typeof time === 'number' && Number.isFinite(time)) &&
    isOptional(claims, isRecord) &&
    isOptional(extra, isRecord)
  )
}

function isOptional(value: unknown, accepts: (value: unknown) => boolean): boolean {
  return value === undefined || accepts(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText)
}
