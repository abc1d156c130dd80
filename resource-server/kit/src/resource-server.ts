import { type Reason, randomBase64url, sha256Base64url, whenReady } from '@postern/core'
import { createAdmission } from './admission.ts'
import type { AuthInfo } from './auth-info.ts'
import { bindingMetadata } from './binding/metadata.ts'
import { createProve } from './binding/prove.ts'
import { createEntrance } from './entrance/entrance.ts'
import { createGate, type Gate } from './gate.ts'
import { createKeySource, type KeySource } from './keys/key-source.ts'
import { createLegacyMetadata, createMetadata, type Publish } from './metadata.ts'
import { type Operations, readOperations } from './operations.ts'
import { readBoolean, readRecord } from './options/fields.ts'
import { readOptions } from './options/read-options.ts'
import { readRequiredScopes } from './options/read-scopes.ts'
import type { IssuerRules, Settings } from './options/settings.ts'
import type { ResourceServerOptions } from './options/types.ts'
import { Refusal } from './refusal.ts'
import { prepareRefusals, type Reply } from './reply.ts'
import { fromFetchRequest, type InboundRequest } from './request.ts'
import { advertised, combineRequirements, extendRequirement, isMet, type RequiredScopes } from './requirement.ts'
import { createFollower, type Follower } from './revocations/follower.ts'
import { createSdkVerifier, type TokenVerifier } from './sdk-verifier.ts'
import { loadTelemetry } from './telemetry.ts'
import { createIntrospection, type Introspection } from './tokens/introspection.ts'
import { createJwtVerifier, type TrustedIssuer } from './tokens/jwt.ts'
import { createVerify } from './tokens/verify.ts'

/** What one route asks for beyond what the resource server asks for everywhere. */
export interface GuardOptions {
  readonly scopes?: RequiredScopes
  /** What single tools, prompts and resources need besides; made by `protectOperations` of `@postern/resource-server/mcp`. */
  readonly operations?: Operations
  /** Whether event streams end when the token of their caller does. Default true. */
  readonly endStreams?: boolean
}

/** What `check` says about one issuer. */
export interface IssuerHealth {
  readonly issuer: string
  /** Absent: its keys are there, and it answers about tokens where it is to be asked. Else a sentence for an operator, without credentials. */
  readonly problem?: string
}

/** What the SDKs' `AuthInfo` says of a caller, as far as scopes go. */
export interface ScopedCaller {
  readonly scopes: readonly string[]
  readonly resource?: URL
}

export interface ResourceServer {
  /** The resource in canonical form: what tokens name as their audience and the metadata as `resource`. */
  readonly resource: string
  /** Where the metadata stands; undefined where there is none, for want of an issuer. */
  readonly metadataUrl: string | undefined
  /**
   * Decides about a fetch `Request`: resolves to the caller, or to the `Response` to return instead (a refusal, the
   * answer to a CORS preflight, or the metadata). Rejects for malformed options only.
   */
  authenticate(request: Request, options?: GuardOptions): Promise<AuthInfo | Response>
  /** Serves the protected resource metadata (RFC 9728); undefined for requests that are not for it. */
  metadata(request: Request): Response | undefined
  /** For `requireBearerAuth` of both MCP SDK generations: `requireBearerAuth({ verifier: rs.verifier })`. */
  readonly verifier: TokenVerifier
  /** Gets every issuer's keys now, asks introspection endpoints about a token that nobody has, and says how that went. Requests do not wait for it. */
  check(): Promise<readonly IssuerHealth[]>
  /** Forgets verified tokens and fetches all keys anew, for when an issuer withdrew one. Resolves like `check`. */
  reload(): Promise<readonly IssuerHealth[]>
  /** Ends what is under way and forgets everything; requests are answered 503 from then on. */
  close(): void
  /** For adapters: the gate of one route. */
  gate(options?: GuardOptions): Gate
  /** For adapters: the metadata, framework-free. */
  publish(request: InboundRequest): Reply | undefined
  /** For adapters: whether the guarded routes answer to other origins. */
  readonly cors: boolean
  /** For adapters: milliseconds until the caller's credential is over, the clock tolerance included: 0 once its issuer has revoked it, `Infinity` where it does not expire. */
  remaining(auth: AuthInfo): number
  /** For `./mcp`: the scopes to ask a client for whose caller needs these besides what every request needs; undefined where it has them. */
  stepUp(caller: ScopedCaller | undefined, needs: readonly RequiredScopes[]): readonly string[] | undefined
}

/**
 * Makes a resource server: it knows whose tokens are good for one resource and answers for that resource's metadata.
 * Nothing is fetched before the first token arrives, so it starts while its issuers are down.
 *
 * @example
 * const rs = createResourceServer({ resource: 'https://mcp.example/mcp', issuers: [{ issuer: 'https://as.example' }] })
 *
 * Throws `ConfigError`, whose `option` names what to mend.
 */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  return assemble(readOptions(options))
}

/** What a face with options of its own (`mcp-auth/`) puts in the place of the kit's. */
export interface Parts {
  readonly createVerify?: typeof createVerify
  readonly prepareRefusals?: typeof prepareRefusals
}

/** Makes a resource server from settings that are validated already. */
export function assemble(settings: Settings, parts: Parts = {}): ResourceServer {
  void loadTelemetry()
  const { resource, metadataUrl, cors } = settings
  const warn = createWarn(settings)
  for (const reason of settings.warnings) warn(reason)
  const issuers = settings.issuers.map((rules) => {
    const keys = createKeySource(rules, { ...settings, times: settings.keyTimes, onWarning: warn })
    return { rules, keys, follower: createFollowerOf(rules, keys, settings, warn) }
  })
  const jwt = issuers.length === 0 ? undefined : createJwtVerifier(issuers, settings)
  const introspections = settings.issuers.flatMap((rules) =>
    rules.introspection === undefined ? [] : [createIntrospection(rules, rules.introspection, settings)],
  )
  const state = { isClosed: false }
  const verify = (parts.createVerify ?? createVerify)(settings, { jwt, introspections }, state)
  const prove = createProve(settings)
  const hashOf = jwt?.hashOf ?? sha256Base64url
  const publish = createPublish(settings)
  const entrance = createEntrance(settings.entrance, settings.clock)

  const admissionFor = (scopes?: RequiredScopes) => {
    const requirement = combineRequirements(settings.requiredScopes, scopes)
    return { requirement, admit: createAdmission(requirement, { ...settings, hashOf, verify, prove }) }
  }
  const remaining = (auth: AuthInfo): number => {
    const { expiresAt } = auth
    if (expiresAt === undefined) return Number.POSITIVE_INFINITY
    if (jwt?.isRevoked(auth) === true) return 0
    return (expiresAt + settings.clockTolerance) * 1000 - settings.clock.now()
  }
  const endOf = (auth: AuthInfo): Reason | undefined => {
    if (jwt?.isRevoked(auth) === true) return 'revoked'
    return remaining(auth) <= 0 ? 'expired' : undefined
  }
  const gate = (guard: GuardOptions = {}): Gate => {
    readRecord(guard, 'guard', ['scopes', 'operations', 'endStreams'])
    readBoolean(guard.endStreams, 'endStreams')
    const operations = inTime(readOperations(guard.operations), endOf)
    const { requirement, admit } = admissionFor(readRequiredScopes(guard.scopes, 'scopes'))
    const replyTo = (parts.prepareRefusals ?? prepareRefusals)(requirement, settings)
    const acceptsDpop = settings.dpop !== undefined
    return createGate({ admit, replyTo, publish, cors, acceptsDpop, operations, entrance })
  }
  const everyRequest = gate()
  const everywhere = combineRequirements(settings.requiredScopes)
  const check = () => Promise.all(issuers.map((issuer) => checkIssuer(issuer, introspections)))

  return {
    resource,
    metadataUrl,
    cors,
    gate,
    publish,
    async authenticate(request, guard) {
      const { auth, reply } = await (guard === undefined ? everyRequest : gate(guard))(fromFetchRequest(request))
      return reply === undefined ? auth : toResponse(reply)
    },
    metadata(request) {
      const reply = publish(fromFetchRequest(request))
      return reply === undefined ? undefined : toResponse(reply)
    },
    verifier: createSdkVerifier(admissionFor().admit, settings.clock),
    remaining,
    stepUp(caller, needs) {
      const needed = extendRequirement(everywhere, needs)
      if (isMet(needed, new Set(caller?.scopes))) return undefined
      return needed.challenge?.split(' ').map(settings.advertise) ?? []
    },
    check,
    reload() {
      jwt?.clear()
      for (const introspection of introspections) introspection.clear()
      return check()
    },
    close() {
      state.isClosed = true
      for (const { keys, follower } of issuers) {
        keys.close()
        follower?.close()
      }
      jwt?.clear()
      for (const introspection of introspections) {
        introspection.close()
        introspection.clear()
      }
    },
  }
}

/** A client may take its time over a body; its token must still be good when the operations in it are let in. */
function inTime(
  operations: Operations | undefined,
  endOf: (auth: AuthInfo) => Reason | undefined,
): Operations | undefined {
  if (operations === undefined) return undefined
  return {
    needsOf: (request, auth) =>
      whenReady(operations.needsOf(request, auth), (needs) => {
        const ended = endOf(auth)
        if (ended !== undefined) throw new Refusal(ended)
        return needs
      }),
  }
}

function createWarn({ onEvent, resource }: Settings): (reason: Reason) => void {
  return (reason) => {
    const outcome = reason === 'setting_loosened' ? 'ok' : 'error'
    onEvent?.({ kind: 'service.state', outcome, reason, resource })
  }
}

function createFollowerOf(
  rules: IssuerRules,
  keys: KeySource,
  settings: Settings,
  onWarning: (reason: Reason) => void,
): Follower | undefined {
  const { revocations: mode } = settings
  // Who gives the keys, or their address, has told where everything stands: no metadata are read then.
  if (mode === 'off' || rules.keys.from !== 'discovery') return undefined
  return createFollower(rules, keys, { ...settings, mode, onWarning })
}

function createPublish(settings: Settings): Publish {
  if (settings.metadataUrl === undefined || settings.issuers.length === 0) return () => undefined
  const document = createMetadata({
    ...settings,
    issuers: settings.issuers.map(({ issuer }) => issuer),
    scopes: [...new Set(advertised(settings.scopesSupported).map(settings.advertise))],
    atRoot: settings.rootMetadata,
    more: { ...settings.metadata, ...bindingMetadata(settings) },
  })
  if (settings.legacyServerMetadata === undefined) return document
  const legacy = createLegacyMetadata(settings.legacyServerMetadata)
  return (request) => document(request) ?? legacy(request)
}

async function checkIssuer(
  { rules: { issuer }, keys }: TrustedIssuer,
  introspections: readonly Introspection[],
): Promise<IssuerHealth> {
  const introspection = introspections.find((one) => one.issuer === issuer)
  const problem = (await keysProblem(keys, introspection)) ?? (await introspection?.probe(randomBase64url(32)))
  return { issuer, ...(problem === undefined ? {} : { problem }) }
}

async function keysProblem(keys: KeySource, introspection: Introspection | undefined): Promise<string | undefined> {
  // Where the issuer is asked about its JWTs too, it need not have keys.
  if (introspection?.rules.tokens === 'all') return undefined
  try {
    await keys.reload()
    const hasNone = introspection === undefined && keys.published().length === 0
    return hasNone ? 'the key set has no key that could verify a signature' : undefined
  } catch {
    return keys.problem() ?? 'the keys cannot be had'
  }
}

function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body ?? null, { status, headers })
}
