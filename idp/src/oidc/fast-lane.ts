import type { IncomingMessage } from 'node:http'
import type { ParsedUrlQuery } from 'node:querystring'
import { type Clock, isId, parseScope } from '@postern/core'
import type { Directory, HotClient } from '../directory/types.ts'
import { type Access, decideAccess } from './access.ts'
import { makeAccessToken } from './access-token.ts'
import { matchSecret } from './client-secret.ts'
import type { Clients } from './clients.ts'
import { type BasicCredentials, readBasic } from './credentials.ts'
import type { OpenPool } from './open-pools.ts'
import { Refusal } from './refusal.ts'

/** A token made without oidc-provider. */
export interface FastToken {
  readonly clientId: string
  readonly access: Access
  readonly accessToken: string
}

export interface FastLaneOptions {
  readonly clients: Clients
  readonly directory: Directory
  readonly clock: Clock
}

/**
 * The lane for plain machine requests: client credentials with HTTP Basic. It does what oidc-provider would do, with the
 * same rules and records, in half the time, and without an instance for the pool. It knows success only: with undefined
 * the request goes to the library, so that every refusal is the library's.
 */
export function createFastLane({ clients, directory, clock }: FastLaneOptions) {
  return async (
    opened: OpenPool,
    req: Pick<IncomingMessage, 'headers'>,
    params: ParsedUrlQuery,
  ): Promise<FastToken | undefined> => {
    if (!isPlain(req, params)) return undefined
    const credentials = credentialsOf(req)
    if (credentials === undefined) return undefined
    const { clientId, clientSecret } = credentials
    const client = clients.peek(opened, clientId) ?? (await clients.find(opened, clientId))
    if (client === undefined || !mayUse(client)) return undefined
    const now = clock.now()
    const secret = matchSecret(client, clientSecret, now)
    const access = secret && tryToDecide(opened, client, params)
    if (secret === undefined || access === undefined) return undefined
    directory.touchSecret(opened.pool.id, clientId, secret.id)
    const made = makeAccessToken(opened.signer, { issuer: opened.issuer, clientId, access, now })
    return { clientId, access, accessToken: typeof made === 'string' ? made : await made }
  }
}

/** A client known by a document is no machine: nothing is fetched to find that out. */
function credentialsOf({ headers }: Pick<IncomingMessage, 'headers'>): BasicCredentials | undefined {
  const credentials = readBasic(headers.authorization)
  return credentials !== undefined && isId(credentials.clientId) ? credentials : undefined
}

const plainParams: ReadonlySet<string> = new Set(['grant_type', 'scope', 'resource'])
// Headers by which the library does something more, or something else.
const specialHeaders = ['dpop', 'oauth-client-attestation', 'oauth-client-attestation-pop', 'origin']

function isPlain({ headers }: Pick<IncomingMessage, 'headers'>, params: ParsedUrlQuery): boolean {
  return (
    params['grant_type'] === 'client_credentials' &&
    Object.keys(params).every((name) => plainParams.has(name)) &&
    specialHeaders.every((name) => headers[name] === undefined) &&
    isUtf8(headers['content-type'] ?? '')
  )
}

function isUtf8(contentType: string): boolean {
  const parameter = contentType.indexOf(';')
  return parameter === -1 || /^;\s*charset="?utf-8"?\s*$/i.test(contentType.slice(parameter))
}

/** The library takes either form of a secret for either method. */
function mayUse(client: HotClient): boolean {
  return client.clientType === 'MACHINE_TO_MACHINE' && client.tokenEndpointAuthMethod.startsWith('client_secret')
}

function tryToDecide({ pool }: OpenPool, client: HotClient, params: ParsedUrlQuery): Access | undefined {
  const { resource, scope } = params
  if (Array.isArray(resource) || Array.isArray(scope)) return undefined
  // A parameter without a value counts as absent (RFC 6749 §3.1).
  const scopes = scope ? parseScope(scope) : undefined
  if (scope && scopes === undefined) return undefined
  try {
    return decideAccess(pool, client, { resource: resource || undefined, scopes, lenient: true })
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}
