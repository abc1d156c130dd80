import type { MaybePromise } from '@postern/core'
import type { Admission } from './admission.ts'
import type { AuthInfo } from './auth-info.ts'
import { isPreflight, preflightReply, withCors } from './cors.ts'
import { readCredential } from './credentials.ts'
import type { Publish } from './metadata.ts'
import type { Operations } from './operations.ts'
import { toRefusal } from './refusal.ts'
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
}

/** Makes the gate of one route. Preflights and the resource's own metadata are answered without a look at credentials. */
export function createGate({ admit, replyTo, publish, cors, acceptsDpop, operations }: GateParts): Gate {
  const refuse = (request: InboundRequest, error: unknown): Decision => {
    const reply = replyTo(toRefusal(error), request)
    return { reply: cors && request.header('origin') !== undefined ? withCors(reply) : reply }
  }
  return (request) => {
    if (cors && isPreflight(request)) return { reply: preflightReply(request) }
    const published = publish(request)
    if (published !== undefined) return { reply: published }
    try {
      const readNeeds = operations && ((auth: AuthInfo) => operations.needsOf(request, auth))
      const identity = admit(() => readCredential(request, acceptsDpop), request.requestId, readNeeds)
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
