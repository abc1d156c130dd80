import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Http2ServerRequest } from 'node:http2'
import { afterEach, test } from 'node:test'
import { readNodeBody } from './node-body.ts'

const opened: (() => void)[] = []

afterEach(() => {
  for (const close of opened.splice(0)) close()
})

/** Sends the parts over HTTP/2, the end apart from the last of them, and gives what came back. */
async function answerTo(parts: readonly string[]): Promise<string> {
  const server = createServer(async (req, res) => {
    const body = await readNodeBody(asNode(req), 100)
    const read = typeof body === 'object' && body.bytes !== undefined ? new TextDecoder().decode(body.bytes) : body
    let again = ''
    for await (const chunk of req) again += chunk
    res.end(JSON.stringify([read, again]))
  }).listen(0)
  opened.push(() => server.close())
  const address = server.address()
  const session = connect(`http://localhost:${typeof address === 'object' ? address?.port : 0}`)
  opened.push(() => session.destroy())
  const stream = session.request({ ':method': 'POST', ':path': '/mcp' }, { endStream: false })
  for (const part of parts) await new Promise((sent) => stream.write(part, sent))
  stream.end()
  let text = ''
  stream.on('data', (chunk) => {
    text += chunk
  })
  await once(stream, 'end')
  return text
}

/** What frameworks that speak HTTP/2 hand on in the place of Node's request. */
function asNode(req: Http2ServerRequest): Parameters<typeof readNodeBody>[0] {
  return req as object as Parameters<typeof readNodeBody>[0]
}

test('over HTTP/2 a body is read to its end, and can be read again', async () => {
  for (const parts of [['{"a":1}'], ['{"a"', ':1}'], []]) {
    const body = parts.join('')
    assert.equal(await answerTo(parts), JSON.stringify([body, body]))
  }
})
