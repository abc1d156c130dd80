import { connect, type Socket } from 'node:net'

/** What to send, over and over. */
export interface Call {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** What single connections send instead, by their number: one with a session of its own each. */
  readonly each?: readonly { readonly headers: Readonly<Record<string, string>>; readonly body?: string }[]
  /** What every answer has to hold: a JSON-RPC error in a 200 must not count as speed. */
  readonly holds?: string
}

export interface LoadOptions {
  readonly connections?: number
  /** Ends the load after so long, or after so many requests; one of the two is given. */
  readonly seconds?: number
  readonly requests?: number
  /** Bearer tokens to send in turn instead of the header of the call, so that no two requests are alike. */
  readonly tokens?: readonly string[] | (() => string)
  /** What every answer has to be. Default 200. */
  readonly status?: number
}

export interface Loaded {
  readonly answers: number
  readonly seconds: number
}

/**
 * Sends one request at a time over each of some connections, as fast as the answers come. Cheaper than a client of
 * Node's, which next to a bare route would be what is measured. An answer with another status fails the load: a fast
 * refusal must not count as speed.
 */
export async function load(call: Call, options: LoadOptions): Promise<Loaded> {
  const { connections = 16, requests = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY } = options
  const begin = performance.now()
  const end = begin + seconds * 1000
  let sent = 0
  let answers = 0
  const shared = requestsOf(call, options.tokens)
  const nextOf = (connection: number) => {
    const own = call.each?.[connection]
    const nextRequest = own === undefined ? shared : requestsOf({ ...call, ...own }, options.tokens)
    return (): Buffer | undefined => {
      if (sent >= requests || performance.now() >= end) return undefined
      sent += 1
      return nextRequest()
    }
  }
  const { hostname, port } = new URL(call.url)
  const wanted = { status: options.status ?? 200, holds: call.holds ?? '' }
  const drive = async (connection: number): Promise<void> => {
    const socket = connect(Number(port), hostname).setNoDelay(true)
    const answered = await converse(socket, nextOf(connection), wanted)
    answers += answered
  }
  await Promise.all(Array.from({ length: connections }, (_, connection) => drive(connection)))
  return { answers, seconds: (performance.now() - begin) / 1000 }
}

function requestsOf({ url, method, headers, body }: Call, tokens: LoadOptions['tokens']): () => Buffer {
  const { host, pathname, search } = new URL(url)
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ host, ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}`
  const withToken = (token: string) => Buffer.from(`${head}authorization: Bearer ${token}\r\n\r\n${body ?? ''}`)
  if (typeof tokens === 'function') return () => withToken(tokens())
  const buffers = tokens?.map(withToken) ?? [Buffer.from(`${head}\r\n${body ?? ''}`)]
  let at = 0
  return () => {
    const buffer = buffers[at]
    if (buffer === undefined) throw new Error('there is nothing to send')
    at = (at + 1) % buffers.length
    return buffer
  }
}

interface Wanted {
  readonly status: number
  readonly holds: string
}

/** Sends what `next` gives and waits for its answer, until there is no more. Resolves to the number of answers. */
function converse(socket: Socket, next: () => Buffer | undefined, { status, holds }: Wanted): Promise<number> {
  return new Promise((resolve, reject) => {
    const statusLine = `HTTP/1.1 ${status} `
    let answers = 0
    let pending = ''
    const send = (): void => {
      const request = next()
      if (request === undefined) socket.end()
      else socket.write(request)
    }
    const take = (chunk: Buffer): void => {
      pending += chunk.toString('latin1')
      const length = lengthOf(pending)
      if (length === undefined || pending.length < length) return
      if (!pending.startsWith(statusLine) || pending.length > length || !pending.includes(holds)) {
        socket.destroy(new Error(`not the answer that was wanted: ${pending.slice(0, 200)}`))
        return
      }
      pending = ''
      answers += 1
      send()
    }
    socket.on('connect', send).on('data', take).on('error', reject)
    socket.on('close', () => resolve(answers))
  })
}

/** The length of an answer, once enough of it is there. */
function lengthOf(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const found = /\r\ncontent-length: (\d+)/i.exec(text)
  if (found === null) return chunkedLength(text, head + 4)
  return head + 4 + Number(found[1])
}

/** The kit's refusals and what else does not tell its length come in chunks; all that is known of them is their end. */
function chunkedLength(text: string, start: number): number | undefined {
  if (text.endsWith('\r\n0\r\n\r\n') || text.slice(start) === '0\r\n\r\n') return text.length
  return /\r\ntransfer-encoding: chunked/i.test(text) ? undefined : start
}
