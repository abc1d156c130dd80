import type { MaybePromise } from '@postern/core'
import type { Admission } from './admission.ts'
import type { AuthInfo } from './auth-info.ts'
import { isPreflight, preflightReply, withCors } from './cors.ts'
import { type Credential, readCredential } from './credentials.ts'
import type { Entrance } from './entrance/entrance.ts'
import type { Publish } from './metadata.ts'
import type { Operations } from './operations.ts'
import { Refusal, toRefusal } from './refusal.ts'
import type { Reply, ReplyTo } from './reply.ts'
import type { InboundRequest } from './request.ts'
import type { Identity } from './tokens/identity.ts'

/** What becomes of a request: it goes on with `auth`, or `reply` is the answer. */
export type Decision =
  | { readonly auth: AuthInfo; readonly reply?: undefined }
  | { readonly auth?: undefined; readonly reply: Reply }

/** Decides about a request; at once where nothing has to be waited for. Never throws or rejects. */
export type Gate = (request: InboundRequest) => MaybePromise<Decision>

export interface GateParts {
  readonly admit: Admission
  readonly replyTo: ReplyTo
  readonly publish: Publish
  readonly cors: boolean
  /** Whether the DPoP scheme is a credential here. */
  readonly acceptsDpop: boolean
  readonly operations: Operations | undefined
  /** What is asked of a request before its credential is looked at; undefined: nothing. */
  readonly entrance: Entrance | undefined
}

/** Makes the gate of one route. Preflights and the resource's own metadata are answered without a look at credentials. */
export function createGate({ admit, replyTo, publish, cors, acceptsDpop, operations, entrance }: GateParts): Gate {
  const welcomes = (request: InboundRequest): boolean =>
    request.isMisdirected !== true && (entrance === undefined || entrance.welcomes(request))
  const refuse = (request: InboundRequest, error: unknown): Decision => {
    const refusal = toRefusal(error)
    entrance?.refused(request, refusal)
    const reply = replyTo(refusal, request)
    return { reply: cors && request.header('origin') !== undefined && welcomes(request) ? withCors(reply) : reply }
  }
  const credentialOf = (request: InboundRequest): Credential => {
    if (request.isMisdirected === true) throw new Refusal('origin_not_allowed', { kind: 'misdirected' })
    entrance?.check(request)
    return readCredential(request, acceptsDpop)
  }
  return (request) => {
    if (cors && isPreflight(request) && welcomes(request)) return { reply: preflightReply(request) }
    const published = publish(request)
    if (published !== undefined) return { reply: published }
    try {
      const readNeeds = operations && ((auth: AuthInfo) => operations.needsOf(request, auth))
      const identity = admit(() => credentialOf(request), request.requestId, readNeeds)
      if (!(identity instanceof Promise)) return decisionOf(identity)
      return identity.then(decisionOf, (error: unknown) => refuse(request, error))
    } catch (error) {
      return refuse(request, error)
    }
  }
}

function decisionOf({ auth }: Identity): Decision {
  return { auth }
}
