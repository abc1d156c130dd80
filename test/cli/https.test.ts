import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createPlace, type Place, type Ran, type Serving } from './house.ts'

async function placeFor(t: TestContext): Promise<Place> {
  const place = await createPlace()
  t.after(() => place.remove())
  const secure = (url: string) => url.replace('http:', 'https:')
  return { ...place, idpUrl: secure(place.idpUrl), gatewayUrl: secure(place.gatewayUrl) }
}

function serving(t: TestContext, place: Place, env: NodeJS.ProcessEnv, ...args: string[]): Serving {
  const running = place.serve(env, ...args)
  t.after(() => void running.process.kill('SIGTERM'))
  return running
}

/** A GET over TLS that trusts one authority alone; rejects where that does not do. */
async function get(url: string, ca: string): Promise<{ status: number | undefined; body: string }> {
  const sent = request(url, { ca, agent: false })
  sent.end()
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, body: await text(response) }
}

async function untilReady(origin: string, caFile: string): Promise<void> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; ) {
    const ca = await readFile(caFile, 'utf8').catch(() => '')
    const answer = ca === '' ? undefined : await get(`${origin}/readyz`, ca).catch(() => undefined)
    if (answer?.status === 200) return
    await delay(50)
  }
  assert.fail(`${origin} was not ready within two minutes`)
}

/** Runs the SDKs' clients in a process which trusts the authority by its environment alone. */
async function callAsClient(place: Place, caFile: string | undefined): Promise<Ran> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = place.env
  const secret = (await readFile(join(place.folder, 'data', 'demo-secret'), 'utf8')).trim()
  const program = join(import.meta.dirname, 'https-client.ts')
  const args = [program, `${place.gatewayUrl}/mcp`, `${place.idpUrl}/pools/default`, secret]
  const { promise, resolve } = Promise.withResolvers<Ran>()
  const trusting = caFile === undefined ? env : { ...env, NODE_EXTRA_CA_CERTS: caFile }
  execFile(process.execPath, args, { env: trusting }, (error, out, err) => {
    resolve({ code: error === null ? 0 : Number(error.code), out, err })
  })
  return promise
}

async function tlsFiles(place: Place): Promise<Record<string, string>> {
  const folder = join(place.folder, 'data', 'tls')
  const names = (await readdir(folder)).sort()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  )
}

describe('postern serve --https', { timeout: 600_000 }, () => {
  test('a token and a tool over TLS, the verbs without a word about it, and a second start that changes nothing', async (t) => {
    const place = await placeFor(t)
    const first = serving(t, place, {}, '--https')
    const banner = await first.ready
    const caFile = join(place.folder, 'data', 'tls', 'ca.pem')
    assert.match(banner, new RegExp(`identity provider +${place.idpUrl}\n +gateway +${place.gatewayUrl}\n`))
    assert.match(banner, /\n {2}export NODE_EXTRA_CA_CERTS="\$PWD\/data\/tls\/ca\.pem"\n/)
    assert.equal(banner.match(/ --cacert data\/tls\/ca\.pem/g)?.length, 2, 'each printed curl line can be pasted')
    assert.doesNotMatch(banner, /http:/)

    const called = await callAsClient(place, caFile)
    assert.equal(called.code, 0, called.err)
    assert.equal(called.out.match(/"clientId": "demo"/g)?.length, 2)
    assert.match(called.out, new RegExp(`"issuer": "${place.idpUrl}/pools/default"`))
    const distrusted = await callAsClient(place, undefined)
    assert.notEqual(distrusted.code, 0)
    assert.match(distrusted.err, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/)

    const minted = await place.postern(['token', 'demo'])
    assert.deepEqual([minted.code, minted.err], [0, ''])
    const exported = await place.postern(['export'])
    assert.equal(exported.code, 0, exported.err)

    const made = await tlsFiles(place)
    assert.deepEqual(Object.keys(made), ['authority.pem', 'ca.pem', 'server.pem'])
    const ended = await first.stop()
    assert.deepEqual([ended.code, ended.err], [0, ''])
    assert.doesNotMatch(ended.out, /PRIVATE KEY/)

    const second = serving(t, place, {}, '--https')
    await second.ready
    assert.deepEqual(await tlsFiles(place), made)
    assert.equal((await place.postern(['export'])).out, exported.out)
    await second.stop()
  })

  test('after a start without it in the same folder, the printed lines work all the same', async (t) => {
    const place = await placeFor(t)
    const plain = serving(t, place, {})
    assert.match(await plain.ready, /identity provider +http:/)
    await plain.stop()
    const secured = serving(t, place, {}, '--https')
    await secured.ready
    const called = await callAsClient(place, join(place.folder, 'data', 'tls', 'ca.pem'))
    assert.equal(called.code, 0, called.err)
    // The one client sends its resource, `postern token` takes the default.
    const token = (await place.postern(['token', 'demo'])).out.trim()
    const { aud } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    assert.equal(aud, `${place.gatewayUrl}/mcp`)
    await secured.stop()
  })

  test('one by one, started at once in an empty folder: they share an authority, and the gateway trusts it', async (t) => {
    const place = await placeFor(t)
    const running = [serving(t, place, {}, 'idp', '--https'), serving(t, place, {}, 'gateway', '--https')]
    const caFile = join(place.folder, 'data', 'tls', 'ca.pem')
    await Promise.all([untilReady(place.idpUrl, caFile), untilReady(place.gatewayUrl, caFile)])
    const called = await callAsClient(place, caFile)
    assert.equal(called.code, 0, called.err)
    for (const one of running) {
      one.process.kill('SIGTERM')
      const { code, err } = await one.ended
      assert.equal(code, 0, err)
      assert.match(err, /"authority":"[^"]*tls\/ca\.pem"/, 'the log says what to trust')
    }
  })

  test('it is one or the other: --https, or a certificate of your own', async (t) => {
    const place = await placeFor(t)
    const { code, err } = await serving(t, place, { POSTERN_TLS_CERT: 'cert.pem' }, '--https').ended
    assert.equal(code, 2)
    assert.match(
      err,
      /^postern: --https makes a certificate, and POSTERN_TLS_CERT names one; leave one of the two out\n$/,
    )
    const http = await serving(t, place, { POSTERN_IDP_URL: 'http://localhost:4700' }, '--https').ended
    assert.equal(http.code, 1)
    assert.match(
      http.err,
      /^postern: POSTERN_IDP_URL must begin with https:\/\/, for the server listens with TLS[^\n]*\n$/,
    )
    assert.deepEqual(await readdir(place.folder), [], 'nothing was made')
  })
})

describe('postern serve with POSTERN_TLS_CERT and POSTERN_TLS_KEY', { timeout: 600_000 }, () => {
  test('both listen with it; the verbs speak https too', async (t) => {
    const place = await placeFor(t)
    const made = serving(t, place, {}, '--https')
    await made.ready
    await made.stop()
    const pair = join(place.folder, 'data', 'tls', 'server.pem')
    const ca = join(place.folder, 'data', 'tls', 'ca.pem')
    const own = { POSTERN_TLS_CERT: pair, POSTERN_TLS_KEY: pair, POSTERN_DATA_DIR: 'other', NODE_EXTRA_CA_CERTS: ca }
    const running = serving(t, place, own)
    const banner = await running.ready
    assert.match(banner, new RegExp(`identity provider +${place.idpUrl}\n`))
    assert.doesNotMatch(banner, /--cacert|NODE_EXTRA_CA_CERTS/, 'who has a certificate knows who signed it')
    const minted = await place.postern(['token', 'demo'], own)
    assert.deepEqual([minted.code, minted.err], [0, ''])
    const metadata = await get(
      `${place.gatewayUrl}/.well-known/oauth-protected-resource/mcp`,
      await readFile(ca, 'utf8'),
    )
    assert.deepEqual(JSON.parse(metadata.body).authorization_servers, [`${place.idpUrl}/pools/default`])
    await running.stop()
  })

  for (const role of ['idp', 'gateway']) {
    test(`the ${role} does not start with one that cannot be used, and says why`, async (t) => {
      const place = await placeFor(t)
      const { code, out, err } = await serving(
        t,
        place,
        { POSTERN_TLS_CERT: 'missing.pem', POSTERN_TLS_KEY: 'missing.pem' },
        role,
      ).ended
      assert.deepEqual([code, out], [1, ''])
      assert.match(
        err,
        new RegExp(
          `^postern-${role}: POSTERN_TLS_CERT: missing\\.pem cannot be read \\(ENOENT\\); name a file [^\n]*\n$`,
        ),
      )
    })
  }
})
