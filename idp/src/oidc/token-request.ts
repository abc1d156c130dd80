// For tests: one token request over real HTTP, and what came back.
import type { Idp, TestClient, TestPool } from '../testing/index.ts'

export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** Form parameters; a list sends its name several times. */
export type Params = Readonly<Record<string, string | readonly string[] | undefined>>

export function basicOf({ clientId, clientSecret = '' }: Pick<TestClient, 'clientId' | 'clientSecret'>): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
}

export function formOf(params: Params): URLSearchParams {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) form.append(name, one)
  }
  return form
}

/** Sends a form to the token endpoint. Without `client` it carries no credential of its own. */
export async function requestToken(
  pool: Pick<TestPool, 'tokenUrl'>,
  client: Pick<TestClient, 'clientId' | 'clientSecret'> | undefined,
  params: Params = {},
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const response = await fetch(pool.tokenUrl, {
    method: 'POST',
    headers: { ...(client === undefined ? {} : { authorization: basicOf(client) }), ...headers },
    body: formOf({ grant_type: 'client_credentials', ...params }),
  })
  return { status: response.status, headers: response.headers, body: asRecord(await response.json()) }
}

export function asRecord(value: unknown): Record<string, unknown> {
  if (value === null || typeof value !== 'object') throw new TypeError('not a JSON object')
  return { ...value }
}

/** The access token of an answer. */
export function tokenOf({ status, body }: TokenAnswer): string {
  const { access_token: token } = body
  if (typeof token !== 'string') throw new Error(`no token: ${status} ${JSON.stringify(body)}`)
  return token
}

/** Header and claims of a token, unverified. */
export function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.')
  const read = (part: string) => asRecord(JSON.parse(Buffer.from(part, 'base64url').toString()))
  return { header: read(header), claims: read(claims) }
}

/** Calls the management API. */
export async function manage(idp: Pick<Idp, 'url' | 'adminToken'>, method: string, path: string, body?: unknown) {
  const response = await fetch(`${idp.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${idp.adminToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : asRecord(JSON.parse(text)) }
}

/** Events of the recorder, newest first. */
export async function eventsOf(idp: Pick<Idp, 'url' | 'adminToken'>, query = ''): Promise<Record<string, unknown>[]> {
  const { body } = await manage(idp, 'GET', `/events?limit=100${query}`)
  const items = body['items']
  return Array.isArray(items) ? items.map(asRecord) : []
}
