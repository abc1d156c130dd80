import { lookup as resolveName } from 'node:dns'
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { backendLimits } from '../limits.ts'
import { isForbiddenAddress } from './forbidden-address.ts'

export interface DialOptions {
  readonly isForbidden?: (address: string) => boolean
  /** For tests: answers for the resolver of the system. */
  readonly resolve?: typeof resolveName
}

export interface Dial {
  readonly fetch: typeof fetch
  /**
   * Would the host be dialled? Nothing is sent to it.
   * @throws Error whose message says why not
   */
  check(url: URL): Promise<void>
  /** Ends the connections that are kept for later. */
  close(): void
}

/**
 * A fetch for `http` backends. It connects to the very addresses that it has checked, so that no second look-up in
 * between can lead elsewhere; connections are kept and reused. Redirects come back as they are, answers uncompressed.
 * No proxy of the environment is used: behind one, nobody would know what is dialled.
 */
export function createDial({ isForbidden = isForbiddenAddress, resolve = resolveName }: DialOptions = {}): Dial {
  const lookup = checkedLookup(isForbidden, resolve)
  // The time-out ends connections that nobody uses; a request that takes long is not touched by it.
  const kept = { keepAlive: true, timeout: backendLimits.httpKeepAliveMs, lookup }
  const agents = { http: new HttpAgent(kept), https: new HttpsAgent(kept) }
  return {
    async fetch(input, init) {
      const asked = new Request(input, init)
      const url = new URL(asked.url)
      const host = hostOf(url)
      // An address is not looked up, so it is checked here.
      if (isIP(host) !== 0 && isForbidden(host)) throw new Error(forbiddenText)
      const body = asked.body === null ? undefined : Buffer.from(await asked.arrayBuffer())
      const options = { method: asked.method, headers: wireHeaders(asked.headers, body), signal: asked.signal }
      return await answerTo(
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, agent: agents.https })
          : httpRequest(url, { ...options, agent: agents.http }),
        body,
      )
    },
    async check(url) {
      const host = hostOf(url)
      if (isIP(host) !== 0) {
        if (isForbidden(host)) throw new Error(forbiddenText)
        return
      }
      await new Promise<void>((found, fail) => {
        lookup(host, { all: true }, (error) => (error === null ? found() : fail(error)))
      })
    },
    close() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

const forbiddenText =
  'its host is at a link-local or metadata address, which is never contacted; give it an address of its network'

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

function checkedLookup(isForbidden: (address: string) => boolean, resolve: typeof resolveName): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0]
      if (error !== null || first === undefined) return callback(error ?? new Error('its host has no address'), [])
      if (addresses.some(({ address }) => isForbidden(address))) return callback(new Error(forbiddenText), [])
      if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

function wireHeaders(headers: Headers, body: Buffer | undefined): Record<string, string> {
  const length = body === undefined ? {} : { 'content-length': String(body.byteLength) }
  return { ...Object.fromEntries(headers), 'accept-encoding': 'identity', ...length }
}

function answerTo(sending: ClientRequest, body: Buffer | undefined): Promise<Response> {
  return new Promise((answer, fail) => {
    sending.on('response', (incoming) => {
      try {
        answer(toResponse(incoming))
      } catch (error) {
        incoming.destroy()
        fail(error)
      }
    })
    sending.on('error', fail)
    sending.end(body)
  })
}

const withoutBody = new Set([101, 204, 205, 304])

function toResponse(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 0
  const headers = new Headers()
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
  }
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') {
    throw new Error('the answer is compressed, which was not asked for')
  }
  const init = { status, statusText: incoming.statusMessage ?? '', headers }
  if (!withoutBody.has(status)) return new Response(toBytes(incoming), init)
  incoming.resume()
  return new Response(null, init)
}

function toBytes(incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  return Readable.toWeb(incoming) as ReadableStream<Uint8Array<ArrayBuffer>>
}
