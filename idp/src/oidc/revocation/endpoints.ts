import type { IncomingMessage, ServerResponse } from 'node:http'
import { readClaim } from '../credentials.ts'
import type { Decisions } from '../decisions.ts'
import { type Exchange, noteExchange } from '../exchange.ts'
import { type Form, readForm } from '../form.ts'
import type { OpenPool } from '../open-pools.ts'
import type { ProviderHandler } from '../provider.ts'
import { readAgain } from '../read-again.ts'
import { Refusal } from '../refusal.ts'
import { sendError } from '../respond.ts'
import type { Room } from '../rooms.ts'
import type { Throttle } from '../throttle.ts'
import { tooMany } from '../token-endpoint.ts'
import { revocationPaths } from './paths.ts'

export interface EndpointsOptions {
  readonly throttle: Throttle
  readonly decisions: Decisions
  readonly providerOf: (opened: OpenPool) => ProviderHandler
}

/**
 * The endpoints of introspection (RFC 7662) and revocation (RFC 7009). Clients authenticate as at the token endpoint, by
 * the library; who sends wrong credentials waits here as there, or this would be the place to try them.
 */
export function createEndpoints({ throttle, decisions, providerOf }: EndpointsOptions): readonly Room[] {
  const handle = async (req: IncomingMessage, res: ServerResponse, arrived: Exchange): Promise<void> => {
    const form = await tryToRead(req)
    if (form instanceof Refusal) {
      return sendError(res, { status: form.status, error: form.code, description: form.description })
    }
    const exchange = { ...arrived, claim: readClaim(req.headers.authorization, form.params) }
    const wait = waitOf(exchange)
    if (wait > 0) {
      decisions.refused(exchange, { reason: 'throttled', status: 429 })
      return sendError(res, tooMany(wait))
    }
    // A page is of no use to who posts a token.
    req.headers.accept = 'application/json'
    const again = readAgain(req, form.body)
    noteExchange(again, exchange)
    return providerOf(exchange.opened)(again, res)
  }

  function waitOf({ opened, claim, address }: Exchange): number {
    return claim?.withSecret ? throttle.wait({ poolId: opened.pool.id, clientId: claim.clientId, address }) : 0
  }

  return [revocationPaths.introspection, revocationPaths.revocation].map((path) => ({
    path,
    methods: 'POST, OPTIONS',
    isOn: () => true,
    handle: (req, res, exchange) =>
      req.method === 'POST' ? handle(req, res, exchange) : providerOf(exchange.opened)(req, res),
  }))
}

async function tryToRead(req: IncomingMessage): Promise<Form | Refusal> {
  try {
    return await readForm(req)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}
