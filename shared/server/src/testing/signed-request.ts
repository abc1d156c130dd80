import { once } from 'node:events'
import { request } from 'node:http'
import type { AccessKey } from '../wire/access-keys.ts'
import { type SignedParts, sha256Hex, sign } from '../wire/canonical.ts'

export interface ToSign {
  readonly url: string
  readonly action: string
  readonly version?: string
  readonly service: string
  readonly accessKey: AccessKey
  readonly body?: unknown
  /** Epoch milliseconds. */
  readonly now?: number
  readonly region?: string
  /** Signed beside host, x-date and x-content-sha256. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A request of the originals' wire API, signed as their Python SDKs sign it. */
export function signedRequest(options: ToSign) {
  const { action, service, accessKey, now = Date.now(), region = 'cn-beijing', version = '2025-10-30' } = options
  const url = new URL(`/?Action=${action}&Version=${version}`, options.url)
  const body = JSON.stringify(options.body ?? {})
  const date = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const bodyHash = sha256Hex(body)
  const signed = { host: url.host, 'x-content-sha256': bodyHash, 'x-date': date, ...options.headers }
  const headers = Object.entries(signed).sort(([a], [b]) => (a < b ? -1 : 1))
  const parts: SignedParts = { method: 'POST', path: '/', query: [...url.searchParams], headers, bodyHash }
  const scope = { date: date.slice(0, 8), region, service }
  const signature = sign({ secretAccessKey: accessKey.secretAccessKey, scope, date }, parts)
  const { host: _, ...sent } = signed
  const credential = `${accessKey.accessKeyId}/${scope.date}/${region}/${service}/request`
  const names = headers.map(([name]) => name).join(';')
  const authorization = `HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...sent, authorization }, body }
  return { url: url.href, init }
}

/** Sends a signed request; the parsed envelope with its status. */
export async function callWire(options: ToSign) {
  const { url, init } = signedRequest(options)
  const response = await fetch(url, init)
  const body = await response.json()
  return {
    status: response.status,
    metadata: body.ResponseMetadata,
    result: body.Result,
    code: body.ResponseMetadata?.Error?.Code,
    message: body.ResponseMetadata?.Error?.Message,
  }
}

/** Sends a request as it was signed to a server that has another port now, as one has that was started again. */
export async function sendAgain(serverUrl: string, { url, init }: ReturnType<typeof signedRequest>) {
  const { hostname, port } = new URL(serverUrl)
  const { host, pathname, search } = new URL(url)
  const headers = { ...init.headers, host, 'content-length': Buffer.byteLength(init.body) }
  const asked = request({ hostname, port, path: pathname + search, method: 'POST', headers, agent: false })
  const [response] = await once(asked.end(init.body), 'response')
  const chunks: Buffer[] = await response.toArray()
  const body = JSON.parse(Buffer.concat(chunks).toString())
  return { status: Number(response.statusCode), result: body.Result, code: body.ResponseMetadata?.Error?.Code }
}
