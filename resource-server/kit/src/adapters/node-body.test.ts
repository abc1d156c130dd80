import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { buffer, json } from 'node:stream/consumers'
import { afterEach, test } from 'node:test'
import fc from 'fast-check'
import type { RequestBody } from '../request.ts'
import { type ReadableRequest, readNodeBody } from './node-body.ts'

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of opened.splice(0)) await thing.close()
})

/** A server whose handler's result, or error, is the answer. */
async function serve(handler: (req: ReadableRequest) => Promise<unknown>): Promise<number> {
  const server = createServer(async (req, res) => {
    res.end(JSON.stringify(await handler(req)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push({
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  return (server.address() as AddressInfo).port
}

async function post(
  port: number,
  pieces: readonly Uint8Array[],
  headers: Record<string, string> = {},
): Promise<unknown> {
  const sending = httpRequest({ host: '127.0.0.1', port, method: 'POST', headers, agent: false })
  for (const piece of pieces) {
    sending.write(piece)
    await new Promise(setImmediate)
  }
  sending.end()
  const [res] = (await once(sending, 'response')) as [IncomingMessage]
  return json(res)
}

/** Reads a stream as most parsers do. */
async function readAll(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(req, 'end')
  return Buffer.concat(chunks).toString('base64')
}

function textOf(body: RequestBody): unknown {
  if (typeof body === 'string') return body
  const { bytes, ...rest } = body
  return { ...rest, ...(bytes === undefined ? {} : { bytes: Buffer.from(bytes).toString('base64') }) }
}

test('whatever comes in whatever pieces is read, and can be read again in every way', async () => {
  const ways: Record<string, (req: ReadableRequest) => Promise<string>> = {
    data: readAll,
    iterate: async (req) => (await buffer(req)).toString('base64'),
    rawBody: async (req) => Buffer.from(req.rawBody as Uint8Array).toString('base64'),
    later: async (req) => {
      await new Promise(setImmediate)
      return readAll(req)
    },
    twice: async (req) => {
      await readNodeBody(req, 1e6)
      return readAll(req)
    },
  }
  for (const [name, again] of Object.entries(ways)) {
    const port = await serve(async (req) => [textOf(await readNodeBody(req, 1e6)), await again(req)])
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(pieces, fc.boolean(), async (sent, isChunked) => {
        const all = Buffer.concat(sent)
        const headers: Record<string, string> = isChunked ? {} : { 'content-length': `${all.byteLength}` }
        const bytes = all.toString('base64')
        assert.deepEqual(await post(port, sent, headers), [{ bytes }, bytes], name)
      }),
      { numRuns: 25 },
    )
  }
})

test('large bodies pass up to the limit, whole', async () => {
  const port = await serve(async (req) => {
    const body = await readNodeBody(req, 3_000_000)
    return [typeof body === 'string' ? body : body.bytes?.byteLength, (await readAll(req)).length]
  })
  const sent = Buffer.alloc(3_000_000, 'a')
  assert.deepEqual(await post(port, [sent]), [3_000_000, 4_000_000])
})

test('more than the limit is not read on, announced or not, and the connection is not stuck', async () => {
  const port = await serve(async (req) => readNodeBody(req, 10))
  const long = Buffer.alloc(1_000_000)
  assert.equal(await post(port, [long]), 'too_long')
  assert.equal(await post(port, [long], { 'content-length': `${long.byteLength}` }), 'too_long')
  assert.equal(await post(port, [Buffer.alloc(6), Buffer.alloc(5)]), 'too_long')
})

test('no body is no bytes', async () => {
  const port = await serve(async (req) => textOf(await readNodeBody(req, 10)))
  assert.deepEqual(await post(port, [], { 'content-length': '0' }), {})
  assert.deepEqual(await post(port, [], { 'transfer-encoding': 'chunked' }), { bytes: '' })
})

test('what was read before is what was made of it, or gone', async () => {
  const port = await serve(async (req) => {
    const text = await readAll(req)
    const gone = await readNodeBody(req, 10)
    req.body = { text }
    return [gone, await readNodeBody(req, 10), await readNodeBody(req, 10, { body: 7 })]
  })
  assert.deepEqual(await post(port, [Buffer.from('x')]), ['gone', { parsed: { text: 'eA==' } }, { parsed: 7 }])
  const half = await serve(async (req) => {
    await once(req, 'readable')
    req.read(1)
    return readNodeBody(req, 10)
  })
  assert.equal(await post(half, [Buffer.from('xyz')]), 'gone')
  const decoded = await serve(async (req) => readNodeBody(req.setEncoding('utf8'), 10))
  assert.equal(await post(decoded, [Buffer.from('xyz')]), 'gone')
})

test('a client that goes away ends the waiting', async () => {
  const body = await new Promise((resolve) => {
    void serve(async (req) => resolve(await readNodeBody(req, 100))).then((port) => {
      const socket = connect(port, '127.0.0.1')
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc', () => socket.destroy())
    })
  })
  assert.equal(body, 'cut_off')
})
