import type { ServerResponse } from 'node:http'
import { type AuthInfo, isAuthInfo } from '../auth-info.ts'
import type { Decision } from '../gate.ts'
import type { GuardOptions, ResourceServer } from '../resource-server.ts'
import { openToOtherOrigins, send } from './answer.ts'
import { type NodeRequest, viewOf } from './inbound.ts'
import { createStreamEnds } from './stream-ends.ts'

export type { NodeRequest } from './inbound.ts'

/** A handler in the style of Connect. */
export type NodeHandler = (req: NodeRequest, res: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Lets only callers with a good token (and the given scopes) go on to `next`, with `req.auth` set to who they are; the
 * rest is answered.
 *
 * @example
 * const check = guard(rs)
 * createServer((req, res) => check(req, res, () => transport.handleRequest(req, res)))
 */
export function guard(rs: ResourceServer, options: GuardOptions = {}): NodeHandler {
  const gate = rs.gate(options)
  const endWithToken = createStreamEnds(rs, options)
  return (req, res, next) => {
    const conclude = ({ auth, reply }: Decision): void => {
      if (reply !== undefined) {
        send(res, reply)
        return
      }
      req.auth = auth
      if (rs.cors && req.headers.origin !== undefined) openToOtherOrigins(res)
      next()
      // Most answers are complete by now; watching each of them cost a tenth of what a bare route can serve.
      if (!res.writableEnded) endWithToken(res, auth)
    }
    const decision = gate(viewOf(req))
    // A gate never rejects; what the handler behind `next` throws is not for us to catch.
    if (decision instanceof Promise) void decision.then(conclude)
    else conclude(decision)
  }
}

/** Serves the protected resource metadata, and passes every other request on to `next`. */
export function metadata(rs: ResourceServer): NodeHandler {
  return (req, res, next) => {
    const reply = rs.publish(viewOf(req))
    if (reply === undefined) next()
    else send(res, reply)
  }
}

/**
 * The caller of a request that passed a guard, typed. Throws a TypeError for any other request, also one whose `auth`
 * somebody else has set.
 */
export function authOf(req: object): AuthInfo {
  const auth = 'auth' in req ? req.auth : undefined
  if (!isAuthInfo(auth)) throw new TypeError('this request has not passed guard()')
  return auth
}
