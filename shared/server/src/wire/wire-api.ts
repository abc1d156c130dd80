import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, EventSink } from '@postern/core'
import type { Logger } from 'pino'
import { parseBody, readBytes } from '../http/body.ts'
import { type NodeHandler, pathOf } from '../http/node-handler.ts'
import { requestIdOf } from '../http/request-id.ts'
import { limits } from '../limits.ts'
import type { StoreBase } from '../store/store.ts'
import type { AccessKey } from './access-keys.ts'
import type { Action, Actions } from './action.ts'
import { asWireError } from './answer-errors.ts'
import type { Authorization } from './authorization.ts'
import { errorEnvelope, type RequestFacts, resultEnvelope } from './envelope.ts'
import { createSignatureCheck } from './signature.ts'
import { type WireError, wireError } from './wire-error.ts'

export interface WireApiOptions {
  /** As it is in the credential scope: `id`, `agentkit`. */
  readonly service: string
  readonly version: string
  readonly actions: Actions
  readonly accessKeys: readonly AccessKey[]
  readonly clock: Clock
  /** Where used signatures are noted. */
  readonly store: Pick<StoreBase, 'own'>
  /** Told of requests that were not signed as they must be. */
  readonly record: EventSink
  readonly log: Pick<Logger, 'error'>
  /** Told of each answer. */
  readonly observe?: (status: number, seconds: number) => void
}

/**
 * The originals' wire API: `POST /?Action=…&Version=…`, signed, answered in their envelope. What is refused has their
 * code and status; who signed is known before the action is looked for.
 */
export function wireApi(options: WireApiOptions): NodeHandler {
  const { service, version, actions, record, log } = options
  const signatures = createSignatureCheck(options)
  return async (req, res) => {
    const startedAt = performance.now()
    const call = createCall(req)
    const answer = await answerOf(call, req).catch((error: unknown) => refusal(call, error))
    send(req, res, call.facts.requestId, answer)
    options.observe?.(answer.status, (performance.now() - startedAt) / 1000)
  }

  async function answerOf(call: Call, req: IncomingMessage): Promise<Answer> {
    const query = queryOf(req)
    call.facts = { ...call.facts, ...askedFor(query) }
    const authorization = signatures.read(req)
    call.facts = { ...call.facts, service: authorization.service, region: authorization.region }
    const body = await readBytes(req)
    await signatures.verify(authorization, { req, path: pathOf(req), query, body })
    call.signed = true
    const chosen = choose(call.facts, authorization)
    call.words = chosen.words
    const { accessKeyId } = authorization
    const result = await chosen.run(jsonOf(body), { requestId: call.facts.requestId, accessKeyId })
    return { status: 200, body: resultEnvelope(call.facts, result) }
  }

  function choose(facts: RequestFacts, authorization: Authorization): Action {
    if (facts.action === '' || facts.version === '') {
      const name = facts.action === '' ? 'Action' : 'Version'
      throw wireError('MissingParameter', `The request is missing ${name} parameter.`)
    }
    if (authorization.service !== service) {
      throw wireError('ServiceNotFound', `This service is not found here; this server answers for ${service}.`)
    }
    const found = Object.hasOwn(actions, facts.action) ? actions[facts.action] : undefined
    if (found !== undefined && facts.version === version) return found
    throw wireError(
      'InvalidActionOrVersion',
      `Could not find the operation for the version; the version is ${version}, the actions are ${Object.keys(actions).join(', ')}.`,
    )
  }

  function refusal(call: Call, error: unknown): Answer {
    const known = asWireError(error, call.words)
    const { requestId } = call.facts
    if (known === undefined) log.error({ err: error, requestId }, 'a request of the wire API failed')
    const refused =
      known ?? wireError('InternalError', 'something went wrong here; the log has it under this RequestId')
    if (!call.signed && isOfSignature(refused)) {
      const { status } = refused
      record({ kind: 'admin.changed', outcome: 'refused', reason: 'admin_unauthorized', requestId, status })
    }
    return { status: refused.status, body: errorEnvelope(call.facts, refused) }
  }
}

interface Answer {
  readonly status: number
  readonly body: object
}

/** What is known of a request so far. */
interface Call {
  facts: RequestFacts
  signed: boolean
  words: Action['words']
}

function createCall(req: IncomingMessage): Call {
  const facts = { requestId: requestIdOf(req), action: '', version: '', service: '', region: '' }
  return { facts, signed: false, words: { resource: 'Resource' } }
}

function isOfSignature({ status }: WireError): boolean {
  return status < 500 && status !== 413
}

type Query = readonly (readonly [string, string])[]

function queryOf({ url = '' }: IncomingMessage): Query {
  const mark = url.indexOf('?')
  const text = mark === -1 ? '' : url.slice(mark + 1)
  if (text.length > limits.queryString) throw wireError('InvalidParameter', 'the query is too long; shorten it')
  return [...new URLSearchParams(text)]
}

function askedFor(query: Query): Pick<RequestFacts, 'action' | 'version'> {
  return { action: onlyValue(query, 'Action'), version: onlyValue(query, 'Version') }
}

function onlyValue(query: Query, wanted: string): string {
  const values = query.filter(([name]) => name === wanted)
  const value = values[0]?.[1] ?? ''
  if (values.length > 1 || value.length > limits.name) {
    throw wireError('InvalidParameter', `${wanted} must be in the query once, in at most ${limits.name} characters.`)
  }
  return value
}

/** The SDKs send JSON; a request without a body has no parameters. */
function jsonOf(body: Buffer): unknown {
  return body.length === 0 ? {} : parseBody(body)
}

function send(req: IncomingMessage, res: ServerResponse, requestId: string, { status, body }: Answer): void {
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    // What was not read would be taken for the next request.
    ...(req.complete ? {} : { connection: 'close' }),
  })
  res.end(JSON.stringify(body))
}
