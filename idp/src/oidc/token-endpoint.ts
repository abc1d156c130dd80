import type { IncomingMessage, ServerResponse } from 'node:http'
import { readClaim } from './credentials.ts'
import type { Decisions } from './decisions.ts'
import { type Exchange, noteExchange } from './exchange.ts'
import type { createFastLane, FastToken } from './fast-lane.ts'
import { type Form, readForm } from './form.ts'
import type { ProviderHandler } from './provider.ts'
import { readAgain } from './read-again.ts'
import { Refusal } from './refusal.ts'
import { respell, toForm } from './resource-spelling.ts'
import { type ErrorAnswer, sendError, sendJson, tokenHeaders } from './respond.ts'
import type { Throttle } from './throttle.ts'

export interface TokenEndpointOptions {
  readonly throttle: Throttle
  readonly decisions: Decisions
  readonly fastLane: ReturnType<typeof createFastLane>
}

export type TokenEndpoint = (
  req: IncomingMessage,
  res: ServerResponse,
  exchange: Exchange,
  provider: () => ProviderHandler,
  /** Where clients authenticate with a form: for tokens, or for a device to be approved (RFC 8628 §3.1). */
  endpoint: 'token' | 'device',
) => Promise<void>

const second = 1000

/**
 * Answers POST …/token and …/device_authorization: reads the form, makes who sent wrong credentials wait, and then answers by itself where the
 * request is plain and right, or has the library answer.
 */
export function createTokenEndpoint({ throttle, decisions, fastLane }: TokenEndpointOptions): TokenEndpoint {
  return async (req, res, arrived, provider, endpoint) => {
    const form = await tryToRead(req)
    if (form instanceof Refusal) {
      decisions.refused(arrived, form)
      return sendError(res, { status: form.status, error: form.code, description: form.description })
    }
    const exchange = { ...arrived, claim: readClaim(req.headers.authorization, form.params) }
    const wait = waitOf(exchange)
    if (wait > 0) {
      decisions.refused(exchange, { reason: 'throttled', status: 429 })
      return sendError(res, tooMany(wait))
    }
    const token = endpoint === 'token' ? await fastLane(exchange.opened, req, form.params) : undefined
    if (token !== undefined) return sendToken(res, exchange, token)
    const respelled = respell(exchange.opened.pool, form.params)
    const again = readAgain(req, respelled === undefined ? form.body : Buffer.from(toForm(respelled)))
    noteExchange(again, exchange)
    return provider()(again, res)
  }

  function waitOf({ opened, claim, address }: Exchange): number {
    return claim?.withSecret ? throttle.wait({ poolId: opened.pool.id, clientId: claim.clientId, address }) : 0
  }

  function sendToken(res: ServerResponse, exchange: Exchange, { clientId, access, accessToken }: FastToken): void {
    decisions.issued(exchange, { clientId, resource: access.resource.identifier, accessToken })
    const body = {
      access_token: accessToken,
      expires_in: access.ttl,
      scope: access.scopes.length === 0 ? undefined : access.scopes.join(' '),
      token_type: 'Bearer',
    }
    sendJson(res, 200, body, tokenHeaders)
  }
}

async function tryToRead(req: IncomingMessage): Promise<Form | Refusal> {
  try {
    return await readForm(req)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** The answer to who has sent wrong credentials lately. `wait` is in milliseconds. */
export function tooMany(wait: number): ErrorAnswer {
  const seconds = Math.ceil(wait / second)
  return {
    status: 429,
    error: 'temporarily_unavailable',
    description: `too many wrong client credentials; correct them, and try again in ${seconds} s`,
    headers: { 'retry-after': String(seconds) },
  }
}
