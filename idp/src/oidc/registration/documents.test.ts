import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { createTestClock, type TestClock } from '@postern/core/testing'
import { limits } from '../../limits.ts'
import { Refusal } from '../refusal.ts'
import { type ClientDocuments, type ClientDocumentsOptions, createClientDocuments } from './documents.ts'

const minute = 60_000
const json = { 'content-type': 'application/json' }

interface Host {
  readonly url: string
  /** How many times the document was asked for. */
  asked(): number
  answer(listener: RequestListener): void
  /** Answers with a good document and these headers. */
  serve(headers?: Record<string, string>, more?: Record<string, unknown>): void
  down(): void
}

/** A host of documents on this machine: the loosened switch stands for the public internet. */
async function openHost(t: TestContext): Promise<Host> {
  let asked = 0
  let listener: RequestListener = (_req, res) => void res.writeHead(404).end()
  const server = createServer((req, res) => {
    asked += 1
    listener(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `http://127.0.0.1:${port}/client.json`
  return {
    url,
    asked: () => asked,
    answer(next) {
      listener = next
    },
    serve(headers = {}, more = {}) {
      const document = { client_id: url, client_name: 'App', redirect_uris: ['http://127.0.0.1/cb'], ...more }
      listener = (_req, res) => void res.writeHead(200, { ...json, ...headers }).end(JSON.stringify(document))
    },
    down() {
      listener = (req) => void req.socket.destroy()
    },
  }
}

async function open(
  t: TestContext,
  options: Partial<ClientDocumentsOptions> = {},
): Promise<{ host: Host; clock: TestClock; documents: ClientDocuments }> {
  const clock = createTestClock()
  const documents = createClientDocuments({ clock, allowLoopback: true, ...options })
  return { host: await openHost(t), clock, documents }
}

async function refused(work: Promise<unknown>, says: RegExp, code = 'invalid_client'): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof Refusal, String(error))
    assert.equal(error.code, code)
    assert.match(error.description, says)
    return true
  })
}

test('a document is kept as long as its headers say, and fetched once for all who ask', async (t) => {
  const { host, clock, documents } = await open(t)
  host.serve({ 'cache-control': 'max-age=300' })
  const all = await Promise.all(Array.from({ length: 20 }, () => documents.get(host.url)))
  assert.equal(host.asked(), 1)
  assert.equal(all[0]?.metadata['client_name'], 'App')
  clock.advance(5 * minute - 1)
  await documents.get(host.url)
  assert.equal(host.asked(), 1)
  clock.advance(1)
  host.serve({ 'cache-control': 'no-store' }, { client_name: 'New' })
  assert.equal((await documents.get(host.url)).metadata['client_name'], 'New')
  await documents.get(host.url)
  assert.equal(host.asked(), 2)
  clock.advance(minute)
  await documents.get(host.url)
  assert.equal(host.asked(), 3)
})

test('while its host is down, a document that was good is used on, and no longer than a day', async (t) => {
  const { host, clock, documents } = await open(t)
  host.serve({ 'cache-control': 'max-age=60' })
  await documents.get(host.url)
  for (const outage of [host.down, () => host.answer((_req, res) => void res.writeHead(503).end())]) {
    clock.advance(minute)
    outage()
    assert.equal((await documents.get(host.url)).metadata['client_name'], 'App')
    const asked = host.asked()
    await documents.get(host.url)
    assert.equal(host.asked(), asked, 'it was asked again at once')
  }
  clock.advance(limits.clientDocumentStaleMs)
  await refused(documents.get(host.url), /cannot be used/)
})

test('a document that was taken back, or changed into something bad, is not used any longer', async (t) => {
  for (const [change, says, code] of [
    [(host: Host) => host.answer((_req, res) => void res.writeHead(404).end()), /status 404/, 'invalid_client'],
    [(host: Host) => host.serve({}, { client_secret: 'x' }), /client_secret/, 'invalid_client_metadata'],
  ] as const) {
    const { host, clock, documents } = await open(t)
    host.serve({ 'cache-control': 'max-age=60' })
    await documents.get(host.url)
    clock.advance(minute)
    change(host)
    await refused(documents.get(host.url), says, code)
    host.down()
    clock.advance(limits.clientDocumentRetryMs)
    await refused(documents.get(host.url), /cannot be reached/)
  }
})

test('a failure is answered for a while without another try', async (t) => {
  const { host, clock, documents } = await open(t)
  await refused(documents.get(host.url), /status 404/)
  host.serve()
  await refused(documents.get(host.url), /status 404/)
  assert.equal(host.asked(), 1)
  clock.advance(limits.clientDocumentRetryMs)
  await documents.get(host.url)
  assert.equal(host.asked(), 2)
})

test('what is answered must be a small JSON document, at once, at this URL', async (t) => {
  const { host, clock, documents } = await open(t, { timeoutMs: 150 })
  const good = JSON.stringify({ client_id: host.url, client_name: 'App', redirect_uris: ['http://127.0.0.1/cb'] })
  const table: readonly (readonly [RequestListener, RegExp])[] = [
    [(_req, res) => void res.writeHead(302, { location: '/other.json' }).end(), /redirect/],
    [(_req, res) => void res.writeHead(301, { ...json, location: host.url }).end(good), /redirect/],
    [(_req, res) => void res.writeHead(200, json).end(good.padEnd(6 * 1024 * 1024)), /larger than 65536/],
    [(_req, res) => void res.writeHead(200, json).end('{'), /not JSON/],
    [(_req, res) => void res.writeHead(200, json).end('<html></html>'), /not JSON/],
    [(_req, res) => void res.writeHead(200, json).end(good.replace('{', '{"client_id":"x",')), /not JSON/],
    [(_req, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end(good), /not JSON/],
    [(_req, res) => void res.writeHead(200, { 'content-type': 'text/plain' }).end(good), /not JSON/],
    [(_req, res) => void res.writeHead(200).end(good), /not JSON/],
    [(_req, res) => void res.writeHead(204).end(), /status 204/],
    [(_req, res) => void res.writeHead(201, json).end(good), /status 201/],
    [(_req, res) => void res.writeHead(200, json).write(good.slice(0, 10)), /in time/],
    [() => {}, /in time/],
  ]
  for (const [listener, says] of table) {
    host.answer(listener)
    clock.advance(limits.clientDocumentRetryMs)
    await refused(documents.get(host.url), says)
  }
  host.answer(
    (_req, res) => void res.writeHead(200, { 'content-type': 'application/oauth+json; charset=utf-8' }).end(good),
  )
  clock.advance(limits.clientDocumentRetryMs)
  await documents.get(host.url)
})

test('addresses that are not public are not contacted, though the switch for loopback be on', async () => {
  for (const host of [
    '169.254.169.254',
    '10.0.0.1',
    '192.168.1.1',
    '[fe80::1]',
    '[::ffff:169.254.169.254]',
    '[fd00::1]',
  ]) {
    const clock = createTestClock()
    const fetched: unknown[] = []
    const fetch = async (url: unknown) => {
      fetched.push(url)
      return new Response('{}')
    }
    const documents = createClientDocuments({ clock, allowLoopback: true, fetch })
    await refused(documents.get(`https://${host}/latest/meta-data`), /public internet/)
    assert.deepEqual(fetched, [])
  }
})

test('without the switch this machine is not contacted', async (t) => {
  const { host, documents } = await open(t, { allowLoopback: false })
  host.serve()
  await refused(documents.get(host.url), /public internet/)
  await refused(documents.get(host.url.replace('127.0.0.1', 'localhost')), /public internet/)
  assert.equal(host.asked(), 0)
})

test('one address cannot have documents fetched without end, nor many at once', async (t) => {
  let address = '192.0.2.1'
  const { host, clock, documents } = await open(t, { address: () => address })
  const names = (count: number, prefix: string) =>
    Array.from({ length: count }, (_, at) => `${host.url}/${prefix}${at}`)
  for (const url of names(limits.clientDocumentFetchesPerMinute, 'a')) await refused(documents.get(url), /status 404/)
  const [one = ''] = names(1, 'b')
  await refused(documents.get(one), /too many/)
  address = '192.0.2.2'
  await refused(documents.get(one), /status 404/)
  clock.advance(minute)
  address = '192.0.2.1'
  const waiting: (() => void)[] = []
  host.answer((_req, res) => void waiting.push(() => res.writeHead(404).end()))
  const many = names(limits.clientDocumentFetches, 'c').map((url) => refused(documents.get(url), /status 404/))
  await refused(documents.get(`${host.url}/d`), /too many/)
  while (waiting.length < limits.clientDocumentFetches) await new Promise(setImmediate)
  for (const end of waiting) end()
  await Promise.all(many)
})
