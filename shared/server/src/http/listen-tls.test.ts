import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type RequestOptions, request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, test } from 'node:test'
import { connect as connectSecurely } from 'node:tls'
import { captureLog } from '../testing/captured-log.ts'
import { type TemporaryFolder, temporaryFolder } from '../testing/temporary-folder.ts'
import { type Listener, listen } from './listen.ts'
import { listenForAdmin } from './listen-for-admin.ts'
import type { NodeHandler } from './node-handler.ts'
import type { Issued } from './tls/certificate.ts'
import { issue, writePair } from './tls/fixtures.ts'
import { loadTls, type Tls } from './tls/tls.ts'

const hosts = ['localhost', '127.0.0.1', '::1']
let folder: TemporaryFolder
let authority: Issued
let tls: Tls

beforeEach(async () => {
  folder = await temporaryFolder()
  const made = issue(hosts)
  authority = made.authority
  const settings = {
    role: 'idp',
    publicUrl: 'https://localhost',
    tls: await writePair(folder.path, made.server),
  } as const
  const loaded = await loadTls(settings, captureLog())
  assert.ok(loaded)
  tls = loaded
})
afterEach(async () => {
  tls.close()
  await folder.remove()
})

async function listening<T>(handler: NodeHandler, use: (listener: Listener) => Promise<T>): Promise<T> {
  const listener = await listen(handler, { port: 0, tls })
  try {
    return await use(listener)
  } finally {
    await listener.close(0)
  }
}

function get(url: string, options: RequestOptions = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(url, { ca: authority.certificate, agent: false, ...options }, (response) =>
    resolve(text(response)),
  )
  sent.on('error', reject).end()
  return promise
}

/** Resolves when a connection has ended, however it did. */
function gone(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  socket
    .on('error', () => {})
    .once('close', resolve)
    .resume()
  return promise
}

const hello: NodeHandler = (_req, res) => void res.end('hello')

test('https on both loopback addresses, and the URL says so', () =>
  listening(hello, async ({ port, url }) => {
    assert.equal(url, `https://localhost:${port}`)
    for (const host of ['localhost', '127.0.0.1', '[::1]']) assert.equal(await get(`https://${host}:${port}`), 'hello')
  }))

test('HTTP/1.1 by ALPN, TLS 1.2 or newer', () =>
  listening(hello, async ({ port }) => {
    const ca = authority.certificate
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const socket = connectSecurely({ host: 'localhost', port, ca, maxVersion, ALPNProtocols: ['h2', 'http/1.1'] })
      await once(socket, 'secureConnect')
      assert.deepEqual([socket.getProtocol(), socket.alpnProtocol], [maxVersion, 'http/1.1'])
      socket.destroy()
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const refused = connectSecurely({ host: 'localhost', port, ca, ...old })
    const [error] = await once(refused, 'error')
    assert.match(String(error), /protocol version/)
  }))

test('what is no TLS gets no answer, and harms nobody', () =>
  listening(hello, async ({ port, url }) => {
    for (const bytes of ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', '\x16\x03\x01rubbish'.padEnd(600, 'x')]) {
      const socket = connect(port, '127.0.0.1')
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk
      })
      socket.write(bytes)
      await gone(socket)
      assert.doesNotMatch(answer, /HTTP/)
    }
    assert.equal(await get(url), 'hello')
  }))

test('what is no HTTP within TLS is refused without a handler', () =>
  listening(hello, async ({ port }) => {
    const socket = connectSecurely({ host: 'localhost', port, ca: authority.certificate })
    await once(socket, 'secureConnect')
    socket.write('rubbish\r\n\r\n')
    assert.match(await text(socket), /^HTTP\/1\.1 400 /)
  }))

test('a renewed certificate is served to whoever connects next', () =>
  listening(hello, async ({ url }) => {
    const before = authority
    const made = issue(hosts)
    await writePair(folder.path, made.server)
    assert.equal(await get(url), 'hello')
    assert.equal(await tls.refresh(), true)
    assert.equal(await get(url, { ca: made.authority.certificate }), 'hello')
    await assert.rejects(get(url, { ca: before.certificate }), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  }))

test('closing waits for what is in flight, not for what is idle or has only begun', async () => {
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
    { port: 0, tls },
  )
  const agent = new Agent({ keepAlive: true, ca: authority.certificate })
  assert.equal(await get(listener.url, { agent }), 'done', 'leaves an idle connection behind')
  const silent = connect(listener.port, '127.0.0.1')
  await once(silent, 'connect')
  const unused = connectSecurely({ host: 'localhost', port: listener.port, ca: authority.certificate })
  await once(unused, 'secureConnect')
  const broken = [silent, unused].map(gone)
  const slow = get(`${listener.url}/slow`, { agent })
  await arrived.promise

  const closed = listener.close(60_000)
  await Promise.all(broken)
  release.resolve()
  assert.equal(await slow, 'done')
  await closed
  agent.destroy()
})

test('the management API of production: plain on loopback, TLS anywhere else', async () => {
  assert.equal(await listenForAdmin({}, hello, tls), undefined)
  for (const [host, scheme] of [
    ['127.0.0.1', 'http'],
    ['::1', 'http'],
    ['localhost', 'http'],
    ['0.0.0.0', 'https'],
  ] as const) {
    const listener = await listenForAdmin({ adminListen: { host, port: 0 } }, hello, tls)
    assert.equal(listener && new URL(listener.url).protocol, `${scheme}:`, host)
    await listener?.close(0)
  }
  const plain = await listenForAdmin({ adminListen: { host: '0.0.0.0', port: 0 } }, hello)
  assert.equal(plain && new URL(plain.url).protocol, 'http:')
  await plain?.close(0)
})
