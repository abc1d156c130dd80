import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type EventStream, openEventStream } from './event-stream.ts'

/** A stream to a reader who never reads, or has gone before it was opened. */
async function open(
  t: { after(end: () => void): void },
  options: { readonly unsentBytes: number; readonly gone?: boolean },
) {
  const opened = Promise.withResolvers<{ stream: EventStream; res: ServerResponse; closed: Promise<void> }>()
  const server = createServer(async (_, res) => {
    const closed = Promise.withResolvers<void>()
    if (options.gone === true) {
      reader.destroy()
      await once(res, 'close')
    }
    const stream = openEventStream(res, {
      keepAliveMs: 10_000,
      unsentBytes: options.unsentBytes,
      onClose: closed.resolve,
    })
    opened.resolve({ stream, res, closed: closed.promise })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const reader = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  reader.on('error', () => {})
  reader.pause()
  reader.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  t.after(() => {
    reader.destroy()
    server.closeAllConnections()
    server.close()
  })
  return await opened.promise
}

test('a reader who does not keep up loses the stream before it costs more memory than its bound', async (t) => {
  const { stream, res, closed } = await open(t, { unsentBytes: 100_000 })
  let sent = 0
  // What the operating system takes is not ours to hold; it takes some megabytes at most.
  while (!res.destroyed && sent < 100_000) {
    stream.send({ text: 'x'.repeat(1000) })
    sent += 1
    if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(res.writableLength < 200_000)
  }
  assert.ok(res.destroyed)
  await closed
  stream.send({ text: 'nobody hears it' })
  stream.end({ text: 'nor this' })
})

test('a stream to a reader who has gone before is closed at once', async (t) => {
  const { stream, closed } = await open(t, { unsentBytes: 1000, gone: true })
  await closed
  stream.send({ text: 'nobody hears it' })
})
