import type { Reason } from '@postern/core'
import { createAdmission } from './admission.ts'
import type { AuthInfo } from './auth-info.ts'
import { createGate, type Gate } from './gate.ts'
import { createKeySource } from './keys/key-source.ts'
import { createMetadata, type Publish } from './metadata.ts'
import { readRecord } from './options/fields.ts'
import { readOptions } from './options/read-options.ts'
import { readRequiredScopes } from './options/read-scopes.ts'
import type { Settings } from './options/settings.ts'
import type { ResourceServerOptions } from './options/types.ts'
import { prepareRefusals, type Reply } from './reply.ts'
import { fromFetchRequest, type InboundRequest } from './request.ts'
import { advertised, combineRequirements, type RequiredScopes } from './requirement.ts'
import { createSdkVerifier, type TokenVerifier } from './sdk-verifier.ts'
import { createJwtVerifier, type TrustedIssuer } from './tokens/jwt.ts'
import { createVerify } from './tokens/verify.ts'

/** What one route asks for beyond what the resource server asks for everywhere. */
export interface GuardOptions {
  readonly scopes?: RequiredScopes
}

/** What `check` says about one issuer. */
export interface IssuerHealth {
  readonly issuer: string
  /** Absent: its keys are there. Else a sentence for an operator, without credentials. */
  readonly problem?: string
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
  /** Gets every issuer's keys now and says how that went. Requests do not wait for it. */
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
  const settings = readOptions(options)
  const { resource, metadataUrl, cors } = settings
  const warn = createWarn(settings)
  for (const reason of settings.warnings) warn(reason)
  const issuers = settings.issuers.map((rules) => {
    const keys = createKeySource(rules, { ...settings, times: settings.keyTimes, onWarning: warn })
    return { rules, keys }
  })
  const jwt = issuers.length === 0 ? undefined : createJwtVerifier(issuers, settings)
  const state = { isClosed: false }
  const verify = createVerify(settings, jwt, state)
  const publish = createPublish(settings)

  const admissionFor = (scopes?: RequiredScopes) => {
    const requirement = combineRequirements(settings.requiredScopes, scopes)
    return { requirement, admit: createAdmission(settings, requirement, verify) }
  }
  const gate = (guard: GuardOptions = {}): Gate => {
    readRecord(guard, 'guard', ['scopes'])
    const { requirement, admit } = admissionFor(readRequiredScopes(guard.scopes, 'scopes'))
    const replyTo = prepareRefusals(requirement, settings)
    return createGate({ admit, replyTo, publish, cors })
  }
  const everyRequest = gate()
  const check = () => Promise.all(issuers.map(checkIssuer))

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
    check,
    reload() {
      jwt?.clear()
      return check()
    },
    close() {
      state.isClosed = true
      for (const { keys } of issuers) keys.close()
      jwt?.clear()
    },
  }
}

function createWarn({ onEvent, resource }: Settings): (reason: Reason) => void {
  return (reason) => {
    const outcome = reason === 'setting_loosened' ? 'ok' : 'error'
    onEvent?.({ kind: 'service.state', outcome, reason, resource })
  }
}

function createPublish(settings: Settings): Publish {
  if (settings.metadataUrl === undefined) return () => undefined
  return createMetadata({
    ...settings,
    issuers: settings.issuers.map(({ issuer }) => issuer),
    scopes: advertised(settings.scopesSupported),
    atRoot: settings.rootMetadata,
    more: settings.metadata,
  })
}

async function checkIssuer({ rules, keys }: TrustedIssuer): Promise<IssuerHealth> {
  const { issuer } = rules
  try {
    await keys.reload()
    return { issuer }
  } catch {
    return { issuer, problem: keys.problem() ?? 'the keys cannot be had' }
  }
}

function toResponse({ status, headers, body }: Reply): Response {
  return new Response(body ?? null, { status, headers })
}
