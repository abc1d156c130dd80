import assert from 'node:assert/strict'
import type { LookupAddress, lookup } from 'node:dns'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createDial } from './dial.ts'
import { caller, openBench, service } from './fixtures/harness.ts'
import { serveHttp } from './fixtures/http-servers.ts'

/** A resolver whose answers are given, one after the other. */
function resolver(...answers: string[][]) {
  const asked: string[] = []
  function resolve(hostname: string, _: unknown, callback: (error: null, addresses: LookupAddress[]) => void): void {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(hostname)
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return { resolve: resolve as typeof lookup, asked }
}

for (const host of [
  '169.254.169.254',
  '[::ffff:169.254.169.254]',
  '[fe80::1]',
  '2852039166',
  '0xa9fea9fe',
  '[fd00:ec2::254]',
]) {
  test(`a service at ${host} fails its check with the reason, and no caller gets there`, async (t) => {
    const bench = await openBench()
    t.after(bench.close)
    const svc = service({ type: 'http', url: `http://${host}/latest/meta-data` })
    await assert.rejects(bench.backends.check(svc), /link-local or metadata address, which is never contacted/)
    await assert.rejects(bench.backends.connect(svc, caller('a')), /never contacted/)
  })
}

test('a name that resolves to such an address, among others, is not dialled', async (t) => {
  const site = await serveHttp((_, res) => void res.end('secret'))
  t.after(site.close)
  const { port } = new URL(site.url)
  for (const addresses of [['169.254.169.254'], ['127.0.0.1', 'fe80::1'], ['127.0.0.1', '::ffff:169.254.0.1']]) {
    const dial = createDial({ resolve: resolver(addresses).resolve })
    t.after(dial.close)
    for (const scheme of ['http', 'https']) {
      await assert.rejects(dial.fetch(`${scheme}://rebind.example:${port}/`), /never contacted/)
    }
  }
})

test('the connection goes to the address that was checked; the name is asked for once, and again for a new connection', async (t) => {
  const site = await serveHttp((req, res) => void res.end(req.headers.host))
  t.after(site.close)
  const { port } = new URL(site.url)
  const { resolve, asked } = resolver(['127.0.0.1'], ['169.254.169.254'])
  const dial = createDial({ resolve })
  const url = `http://rebind.example:${port}/`
  assert.equal(await (await dial.fetch(url)).text(), `rebind.example:${port}`)
  assert.equal(await (await dial.fetch(url)).text(), `rebind.example:${port}`, 'on the connection that is there')
  assert.deepEqual(asked, ['rebind.example'])
  dial.close()
  await assert.rejects(dial.fetch(url), /never contacted/)
  dial.close()
})

test('private networks and loopback are dialled', async (t) => {
  const site = await serveHttp((_, res) => void res.end('here'))
  t.after(site.close)
  const { port } = new URL(site.url)
  const dial = createDial({ resolve: resolver(['127.0.0.1']).resolve })
  t.after(dial.close)
  assert.equal(await (await dial.fetch(`http://private.example:${port}/`)).text(), 'here')
})

test('method, headers and body arrive; redirects and answers without a body come back as they are', async (t) => {
  const site = await serveHttp(async (req, res) => {
    const body = (await req.toArray()).join('')
    const { 'content-type': type, 'content-length': length, 'accept-encoding': encoding } = req.headers
    if (req.url !== '/') return void res.writeHead(Number(req.url?.slice(1)), { location: '/' }).end()
    res.end(JSON.stringify([req.method, type, length, encoding, body]))
  })
  t.after(site.close)
  const dial = createDial()
  t.after(dial.close)
  const init = { method: 'POST', headers: { 'content-type': 'text/x' }, body: 'é' }
  const { origin } = new URL(site.url)
  assert.deepEqual(await (await dial.fetch(`${origin}/`, init)).json(), ['POST', 'text/x', '2', 'identity', 'é'])
  for (const status of [204, 302, 307]) assert.equal((await dial.fetch(`${origin}/${status}`)).status, status)
})

test('what is compressed all the same is refused, and the signal ends what is under way', async (t) => {
  const site = await serveHttp((req, res) => {
    if (req.url === '/gzip') res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{}'))
    else if (req.url === '/body') res.write('first')
  })
  t.after(site.close)
  const dial = createDial()
  t.after(dial.close)
  const { origin } = new URL(site.url)
  await assert.rejects(dial.fetch(`${origin}/gzip`), /compressed/)
  const before = new AbortController()
  const silent = dial.fetch(`${origin}/silent`, { signal: before.signal })
  before.abort()
  await assert.rejects(silent, { name: 'AbortError' })
  const during = new AbortController()
  const { body } = await dial.fetch(`${origin}/body`, { signal: during.signal })
  const reader = body?.getReader()
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'first')
  during.abort()
  await assert.rejects(async () => reader?.read())
})
