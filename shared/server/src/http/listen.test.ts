import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { StartError } from '../start-error.ts'
import { listen } from './listen.ts'

const hello = (_req: unknown, res: import('node:http').ServerResponse) => void res.end('hello')

test('both loopback addresses, on the same port', async () => {
  for (const options of [{ port: 0 }, { port: 0, host: 'localhost' }]) {
    const listener = await listen(hello, options)
    try {
      assert.deepEqual(listener.hosts, ['127.0.0.1', '::1'])
      assert.equal(listener.url, `http://localhost:${listener.port}`)
      for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
        assert.equal(await (await fetch(`http://${host}:${listener.port}`)).text(), 'hello')
      }
    } finally {
      await listener.close()
    }
  }
})

test("a host of one's own", async () => {
  for (const [host, url] of [
    ['127.0.0.1', 'http://127.0.0.1'],
    ['::1', 'http://[::1]'],
    ['0.0.0.0', 'http://localhost'],
  ] as const) {
    const listener = await listen(hello, { host, port: 0 })
    try {
      assert.equal(listener.url, `${url}:${listener.port}`)
      assert.deepEqual(listener.hosts, [host])
      assert.equal(await (await fetch(listener.url)).text(), 'hello')
    } finally {
      await listener.close()
    }
  }
})

test('a port that is taken, on either address', async () => {
  for (const host of ['127.0.0.1', '::1']) {
    const holder = createServer().listen({ host, port: 0 })
    await once(holder, 'listening')
    const address = holder.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      await assert.rejects(listen(hello, { port, setting: 'POSTERN_IDP_PORT' }), (error) => {
        assert.ok(error instanceof StartError)
        assert.equal(error.code, 'port_busy')
        assert.equal(
          error.message,
          `port ${port} on ${host} is in use; stop what listens there, or set POSTERN_IDP_PORT to another port (0 takes any)`,
        )
        return true
      })
      // Nothing is left listening on the other address.
      const again = createServer().listen({ host: host === '::1' ? '127.0.0.1' : '::1', port })
      await once(again, 'listening')
      again.close()
    } finally {
      holder.close()
    }
  }
})

test('a host that is none of ours', async () => {
  for (const host of ['192.0.2.1', 'no-such-host.invalid']) {
    await assert.rejects(listen(hello, { host, port: 0 }), (error) => {
      assert.ok(error instanceof StartError)
      assert.equal(error.code, 'listen_failed')
      assert.match(error.message, /cannot listen on .* \(E[A-Z_]+\); correct POSTERN_HOST/)
      return true
    })
  }
})

test('closing waits for what is in flight, not for what is idle', async () => {
  const arrived = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const listener = await listen(
    async (req, res) => {
      if (req.url === '/slow') {
        arrived.resolve()
        await release.promise
      }
      res.end('done')
    },
    { port: 0 },
  )
  const agent = new Agent({ keepAlive: true })
  const fetchBy = (path: string) =>
    new Promise<string>((resolve, reject) => {
      get(`${listener.url}${path}`, { agent }, (response) => resolve(text(response))).on('error', reject)
    })
  const silent = connect(listener.port, '127.0.0.1')
  await once(silent, 'connect')
  assert.equal(await fetchBy('/'), 'done', 'leaves an idle connection behind')
  const slow = fetchBy('/slow')
  await arrived.promise

  const closed = listener.close(60_000)
  assert.equal(listener.close(), closed)
  await assert.rejects(fetch(listener.url), 'nothing new is accepted')
  release.resolve()
  assert.equal(await slow, 'done')
  await closed
  agent.destroy()
  silent.destroy()
})

test('closing breaks off what does not end', async () => {
  const arrived = Promise.withResolvers<void>()
  const listener = await listen(
    (_req, res) => {
      res.write('never ')
      arrived.resolve()
    },
    { port: 0 },
  )
  const response = fetch(listener.url).then((answer) => answer.text())
  const broken = assert.rejects(response)
  await arrived.promise
  await listener.close(10)
  await broken
})

test('what is no HTTP is refused without a handler', async () => {
  let reached = 0
  const listener = await listen(
    (_req, res) => {
      reached += 1
      res.end()
    },
    { port: 0 },
  )
  const send = async (bytes: string) => {
    const socket = connect(listener.port, '127.0.0.1')
    socket.end(bytes)
    return text(socket)
  }
  try {
    assert.match(await send('rubbish\r\n\r\n'), /^HTTP\/1\.1 400 /)
    assert.match(await send(`GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(40_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
    assert.match(
      await send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
      /^HTTP\/1\.1 400 /,
    )
    assert.equal(reached, 0)
  } finally {
    await listener.close(0)
  }
})
