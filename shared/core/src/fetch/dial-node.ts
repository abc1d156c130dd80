import * as dns from 'node:dns'
import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { isLoopbackHost } from '../url.ts'
import { isAddress, isMetadataAddress, isPublicAddress } from './address.ts'
import type { Dial, DialRequest } from './dial.ts'
import { FetchProblem } from './problem.ts'

interface DialOptions {
  readonly isAllowed?: (address: string) => boolean
  readonly resolve?: typeof dns.lookup
}

/** Makes a dial of which tests can replace the resolver and the rule for addresses. */
export function createDial({ isAllowed = isPublicAddress, resolve = dns.lookup }: DialOptions = {}): Dial {
  const lookup = checkedLookup(isAllowed, resolve)
  return (url, request) =>
    request.network === 'any' ? dialAnywhere(url, request, resolve) : dialDirectly(url, request, lookup)
}

/** Sends a request; under `public-only` over a connection whose address was checked, whatever the name resolves to. */
export const dial: Dial = createDial()

async function dialAnywhere(url: URL, request: DialRequest, resolve: typeof dns.lookup): Promise<Response> {
  await refuseMetadataService(url.hostname, resolve)
  // The platform's own fetch keeps the process alive until it is answered.
  if (request.background === true && !usesProxy()) return await dialDirectly(url, request)
  const { method, headers, body, signal } = request
  return await fetch(url, { method, headers, signal, redirect: 'manual', ...(body === undefined ? {} : { body }) })
}

/**
 * Looks where a name leads before the platform's own fetch, which knows of proxies, goes there. Who answers differently the
 * second time gets by; against that `public-only` helps. That a name cannot be resolved is for the fetch to say.
 */
async function refuseMetadataService(hostname: string, resolve: typeof dns.lookup): Promise<void> {
  if (isAddress(hostname) || isLoopbackHost(hostname)) return
  const addresses = await new Promise<readonly dns.LookupAddress[]>((settle) => {
    resolve(hostname, { all: true }, (error, found) => settle(error === null ? found : []))
  })
  if (addresses.some(({ address }) => isMetadataAddress(address))) {
    throw new FetchProblem('blocked', 'the host resolves to a link-local or cloud metadata address')
  }
}

/**
 * Resolves a name for `net.connect`, which connects to just the addresses that it is given: one check, and no second
 * look-up in between that could answer otherwise. One address that is not allowed refuses the name.
 * An address in the URL itself never gets here; the guard has checked it.
 */
function checkedLookup(isAllowed: (address: string) => boolean, resolve: typeof dns.lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0]
      if (error !== null || first === undefined) return callback(error ?? new Error('no address'), [])
      if (!addresses.every(({ address }) => isAllowed(address))) {
        return callback(new FetchProblem('blocked', 'the host resolves to an address that is not public'), [])
      }
      if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

/** Only the platform's fetch knows the way through a proxy. */
function usesProxy(): boolean {
  try {
    return process.env['NODE_USE_ENV_PROXY'] !== undefined
  } catch {
    // Deno shows a program no variable that it was not allowed to see.
    return false
  }
}

function dialDirectly(
  url: URL,
  { method, headers, body, signal, background }: DialRequest,
  lookup?: LookupFunction,
): Promise<Response> {
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((answer, fail) => {
    // No agent: a pooled connection to the same name may have been opened by code that checked no address.
    const own = lookup === undefined ? {} : { lookup }
    const options = { method, signal, agent: false, ...own, headers: wireHeaders(headers, body) }
    const sending = request(url, options, (incoming) => {
      try {
        answer(toResponse(incoming))
      } catch (error) {
        incoming.destroy()
        fail(error)
      }
    })
    sending.on('error', fail)
    if (background === true) sending.on('socket', (socket) => socket.unref())
    sending.end(body)
  })
}

function wireHeaders(headers: Headers, body: string | undefined): Record<string, string> {
  const wire: Record<string, string> = { ...Object.fromEntries(headers), 'accept-encoding': 'identity' }
  if (body !== undefined) wire['content-length'] = String(Buffer.byteLength(body))
  return wire
}

const withoutBody = new Set([101, 204, 205, 304])

function toResponse(incoming: http.IncomingMessage): Response {
  const status = incoming.statusCode ?? 0
  const headers = new Headers()
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
  }
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') {
    throw new FetchProblem('encoding', 'the answer is compressed, which was not asked for', status)
  }
  if (!withoutBody.has(status)) return new Response(toBytes(incoming), { status, headers })
  incoming.resume()
  return new Response(null, { status, headers })
}

function toBytes(incoming: http.IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  return Readable.toWeb(incoming) as ReadableStream<Uint8Array<ArrayBuffer>>
}
