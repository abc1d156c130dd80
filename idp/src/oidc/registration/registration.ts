import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, type EventSink, parseJson } from '@postern/core'
import type { Mode } from '@postern/server'
import { registersDynamically } from '../../directory/development-only.ts'
import { DirectoryError } from '../../directory/directory-error.ts'
import type { Registrations } from '../../directory/registrations.ts'
import type { CreatedClient } from '../../directory/types.ts'
import { poolPaths } from '../../directory/urls.ts'
import { limits } from '../../limits.ts'
import type { Exchange } from '../exchange.ts'
import { Refusal } from '../refusal.ts'
import { type ErrorAnswer, sendError, sendJson } from '../respond.ts'
import type { Room } from '../rooms.ts'
import { type Metadata, metadataFault } from './metadata-members.ts'
import { offerOf } from './offer.ts'
import { createRate } from './rate.ts'
import { readBody } from './read-body.ts'
import { registrationReply } from './registration-reply.ts'
import { type RequestedClient, readRequestedClient } from './requested-client.ts'

export interface RegistrationOptions {
  readonly registrations: Registrations
  readonly mode: Mode
  readonly clock: Clock
  readonly record: EventSink
}

/**
 * The client registration endpoint (RFC 7591): open to everybody where it is on, so it is bounded on every side. What it
 * makes is a client of the directory like any other. There is no management protocol (RFC 7592): who lost a client
 * registers another.
 */
export function createRegistrationRoom({ registrations, mode, clock, record }: RegistrationOptions): Room {
  const rate = createRate(clock, limits.registrationsPerMinute)
  return {
    path: poolPaths.registration,
    methods: 'POST, OPTIONS',
    isOn: (pool) => registersDynamically(pool, mode),
    async handle(req, res, exchange) {
      try {
        const { requested, created } = await register(req, exchange)
        sendJson(res, 201, registrationReply(requested, created), noStore)
      } catch (error) {
        const refusal = asRefusal(error)
        if (refusal === undefined) throw error
        refuse(res, exchange, refusal)
      }
    },
  }

  async function register(req: IncomingMessage, exchange: Exchange) {
    const { pool } = exchange.opened
    const requested = readRequestedClient(await readMetadata(req), offerOf(pool))
    // Counted here, where it begins to cost something: who is told of a mistake may mend it at once.
    const wait = rate.take(pool.id, exchange.address)
    if (wait !== undefined) throw new TooMany(wait)
    const { scopes: _named, ...input } = requested
    const { requestId } = exchange
    const created = await registrations.register(pool.id, input, requestId === undefined ? {} : { requestId })
    return { requested, created }
  }

  function refuse(res: ServerResponse, { opened, requestId }: Exchange, refusal: Refusal): void {
    record({
      kind: 'admin.changed',
      outcome: 'refused',
      reason: refusal.reason,
      poolId: opened.pool.id,
      status: refusal.status,
      ...(requestId === undefined ? {} : { requestId }),
    })
    const { status, code: error, description } = refusal
    sendError(res, { status, error, description, headers: { ...noStore, ...retryAfter(refusal) } })
  }
}

export interface Registered {
  readonly requested: RequestedClient
  readonly created: CreatedClient
}

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

async function readMetadata(req: IncomingMessage): Promise<Metadata> {
  const value = parsed(await readBody(req))
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw metadataFault('send the metadata of the client as one JSON object')
  }
  return Object.fromEntries(Object.entries(value))
}

function parsed(text: string): unknown {
  try {
    return parseJson(text, { maxBytes: limits.registrationBytes })
  } catch (error) {
    if (error instanceof SyntaxError) throw metadataFault(`${error.message}; send the metadata as one JSON object`)
    throw error
  }
}

class TooMany extends Refusal {
  /** Seconds. */
  readonly wait: number

  constructor(waitMs: number) {
    const wait = Math.ceil(waitMs / 1000)
    super('throttled', 'temporarily_unavailable', `too many registrations; try again in ${wait} s`, 429)
    this.wait = wait
  }
}

function retryAfter(refusal: Refusal): ErrorAnswer['headers'] {
  return refusal instanceof TooMany ? { 'retry-after': String(refusal.wait) } : {}
}

const full =
  'this pool has as many clients that registered themselves as it keeps; ask who runs it to delete some, or use a client_id that is the URL of a metadata document'

/** What a caller is told; undefined for what is no answer to anybody. */
function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (!(error instanceof DirectoryError)) return undefined
  if (error.code === 'limit') return new Refusal('throttled', 'temporarily_unavailable', full, 503)
  const [first] = error.errors
  return first && metadataFault(`${memberNames[first.field.split(/[.[]/, 1)[0] ?? ''] ?? 'metadata'}: ${first.message}`)
}

/** What the directory's fields are called in a registration. */
const memberNames: Readonly<Record<string, string>> = {
  jwks: 'jwks',
  jwksUri: 'jwks_uri',
  redirectUris: 'redirect_uris',
  tokenEndpointAuthMethod: 'token_endpoint_auth_method',
  grantTypes: 'grant_types',
  postLogoutRedirectUris: 'post_logout_redirect_uris',
}
