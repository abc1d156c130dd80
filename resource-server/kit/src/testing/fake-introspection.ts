import type { IncomingMessage } from 'node:http'
import type { JsonObject } from '@postern/core'

/** Who may ask a fake issuer about tokens, by `client_secret_basic`. */
export const introspectionClient = { clientId: 'resource server', clientSecret: 's3cret:with%signs' } as const

/** A question that arrived, to be looked at by a test. */
export interface IntrospectionRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly form: Readonly<Record<string, string>>
}

export interface FakeIntrospection {
  /** The answer: status and document. RFC 7662 §2.2. */
  answer(req: IncomingMessage): Promise<{ readonly status: number; readonly document: JsonObject }>
  /** The questions that arrived. */
  readonly requests: readonly IntrospectionRequest[]
  know(token: string, claims: JsonObject): void
  forget(token: string): void
}

/** What a fake issuer says about tokens: it knows those that it made, as long as they live and are not revoked. */
export function createFakeIntrospection(now: () => number): FakeIntrospection {
  const known = new Map<string, JsonObject>()
  const requests: IntrospectionRequest[] = []
  return {
    requests,
    know: (token, claims) => void known.set(token, claims),
    forget: (token) => void known.delete(token),
    async answer(req) {
      const request = await readRequest(req)
      requests.push(request)
      if (request.method !== 'POST') return { status: 405, document: { error: 'invalid_request' } }
      if (!isClient(request)) return { status: 401, document: { error: 'invalid_client' } }
      const claims = known.get(request.form['token'] ?? request.form['access_token'] ?? '')
      const isAlive = claims !== undefined && !(typeof claims['exp'] === 'number' && claims['exp'] <= now())
      return { status: 200, document: isAlive ? { active: true, ...claims } : { active: false } }
    },
  }
}

async function readRequest(req: IncomingMessage): Promise<IntrospectionRequest> {
  let body = ''
  for await (const chunk of req.setEncoding('utf8')) body += chunk
  const { method = '', url = '', headers } = req
  return { method, url, headers, form: Object.fromEntries(new URLSearchParams(body)) }
}

/** By the secret, or by an assertion, at which a test may look itself. */
function isClient({ headers, form }: IntrospectionRequest): boolean {
  if (form['client_assertion'] !== undefined) {
    return form['client_assertion_type'] === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  }
  const [, basic = ''] = /^Basic (.+)$/.exec(String(headers['authorization'] ?? '')) ?? []
  const pair = Buffer.from(basic, 'base64').toString().split(':')
  const [id, secret] = pair.map((part) => new URLSearchParams(`t=${part}`).get('t'))
  return pair.length === 2 && id === introspectionClient.clientId && secret === introspectionClient.clientSecret
}
