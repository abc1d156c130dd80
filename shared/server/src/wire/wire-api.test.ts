import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { EventInput } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import fc from 'fast-check'
import { z } from 'zod'
import { DomainError } from '../domain-error.ts'
import { limits } from '../limits.ts'
import { openStore } from '../store/open-store.ts'
import type { ServerTables } from '../store/server-tables.ts'
import type { Store } from '../store/store.ts'
import { captureLog } from '../testing/captured-log.ts'
import { startHttp, type TestHttp } from '../testing/http-server.ts'
import { callWire, sendAgain, signedRequest, type ToSign } from '../testing/signed-request.ts'
import { describeStores } from '../testing/stores.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { action } from './action.ts'
import { canonicalQuery, sha256Hex, sign } from './canonical.ts'
import { createUsedSignatures } from './used-signatures.ts'
import { wireApi } from './wire-api.ts'

const accessKey = { accessKeyId: 'AKLTexample', secretAccessKey: 'c2VjcmV0LWtleS1mb3ItdGVzdHM=' }
const start = Date.UTC(2026, 10, 21, 23, 46, 2)
const words = { resource: 'Thing', fields: { name: 'Name' } }

const actions = {
  CreateThing: action(words, z.looseObject({ Name: z.string().max(9) }), (input) => ({ ...input })),
  Fail: action(words, z.looseObject({ How: z.string() }), ({ How }) => {
    const fields = [{ field: 'name', code: 'duplicate' as const, message: 'is taken' }]
    if (How === 'unknown') throw new DomainError('not_found', 'not_found', 'there is no such thing')
    if (How === 'twice') throw new DomainError('conflict', 'duplicate', 'x', fields)
    if (How === 'wrong')
      throw new DomainError('invalid', 'invalid_request', 'x', [{ field: 'name[0]', code: 'invalid', message: 'no' }])
    throw new Error('a secret detail')
  }),
}

describe('the signature', () => {
  it('is that of the documented steps, worked out apart from this code', () => {
    const body = '{"Name": "pool"}'
    const bodyHash = sha256Hex(body)
    assert.equal(bodyHash, '919c9d6797fcbb9d9924e17c43f05b5389171c6ed4eef73d3cd44cfde06dd1a0')
    const headers = [
      ['content-type', 'application/json'],
      ['host', '127.0.0.1:8787'],
      ['x-content-sha256', bodyHash],
      ['x-date', '20261121T234602Z'],
    ] as const
    const query = [['Version', '2025-10-30'] as const, ['Action', 'CreateUserPool'] as const]
    const scope = { date: '20261121', region: 'cn-beijing', service: 'id' }
    const signing = { secretAccessKey: accessKey.secretAccessKey, scope, date: '20261121T234602Z' }
    const parts = { method: 'POST', path: '/', query, headers, bodyHash }
    assert.equal(sign(signing, parts), '11667be062e382503db94c006f7f3b4671a56d59713a98764d6ce3db35ecd1dd')
  })

  it('has the query sorted and escaped by RFC 3986', () => {
    assert.equal(
      canonicalQuery([
        ['b', "~!*'()"],
        ['a', 'x y'],
        ['b', ''],
        ['é', '/'],
      ]),
      'a=x%20y&b=&b=~%21%2A%27%28%29&%C3%A9=%2F',
    )
  })
})

describeStores('used signatures', (nextUrl) => {
  const { log } = captureLog()
  const open = (url: string) => openStore<ServerTables>({ url, migrations: {}, log })

  it('are remembered until they are of no use, within a bound', async () => {
    const clock = createTestClock(0)
    await using store = closing(await open(await nextUrl()))
    const used = createUsedSignatures({ store, max: 2, clock })
    const uses = async (...all: [string, number][]) => {
      const found = []
      for (const [signature, until] of all) found.push(await used.use(signature, until))
      return found
    }
    assert.deepEqual(await uses(['a', 10], ['a', 10], ['b', 20], ['c', 20], ['a', 10]), [
      'new',
      'used',
      'new',
      'full',
      'used',
    ])
    clock.set(10)
    assert.deepEqual(await uses(['c', 20], ['a', 10]), ['full', 'used'])
    clock.set(11)
    assert.deepEqual(await uses(['c', 20], ['b', 20]), ['new', 'used'])
    const rows = await store.own.selectFrom('used_signature').selectAll().execute()
    assert.ok(rows.length === 2 && rows.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash)))
  })

  it('are known after a restart, and to another process; of two at once one is new', async () => {
    const clock = createTestClock(0)
    const url = await nextUrl()
    {
      await using store = closing(await open(url))
      assert.equal(await createUsedSignatures({ store, max: 9, clock }).use('a', 10), 'new')
    }
    await using one = closing(await open(url))
    await using other = closing(await open(url))
    const processes = [one, other].map((store) => createUsedSignatures({ store, max: 9, clock }))
    assert.deepEqual(await Promise.all(processes.map((used) => used.use('a', 10))), ['used', 'used'])
    const both = await Promise.all(processes.map((used) => used.use('b', 10)))
    assert.deepEqual(both.toSorted(), ['new', 'used'])
  })
})

/** Closes it at the end of its scope. */
function closing<S extends { close(): Promise<void> }>(store: S): S & AsyncDisposable {
  return { ...store, [Symbol.asyncDispose]: store.close }
}

describe('the wire API', () => {
  const clock = createTestClock(start)
  const events: EventInput[] = []
  const { log, text } = captureLog()
  let server: TestHttp
  let store: Store<ServerTables>
  const wireOptions = () => ({
    service: 'id',
    version: '2025-10-30',
    actions,
    clock,
    log,
    record: (event: EventInput) => void events.push(event),
    accessKeys: [accessKey],
    store,
  })

  before(async () => {
    store = await openStore<ServerTables>({ url: 'sqlite::memory:', migrations: {}, log })
    server = await startHttp({ wire: wireApi(wireOptions()) })
  })
  after(async () => {
    await server.close()
    await store.close()
  })
  beforeEach(() => {
    events.length = 0
    // A request like an earlier one has the same signature in the same second.
    clock.advance(1000)
  })

  const toSign = (given: Partial<ToSign> = {}): ToSign => ({
    url: server.url,
    action: 'CreateThing',
    service: 'id',
    accessKey,
    body: { Name: 'one' },
    now: clock.now(),
    ...given,
  })
  const call = (given: Partial<ToSign> = {}) => callWire(toSign(given))

  async function send({ url, init }: ReturnType<typeof signedRequest>) {
    const response = await fetch(url, init)
    return { status: response.status, body: await response.json() }
  }

  it('answers in the envelope, and echoes what it does not know', async () => {
    const { url, init } = signedRequest(toSign({ body: { Name: 'one', NetworkConfiguration: { VpcId: 'v' } } }))
    const response = await fetch(url, { ...init, headers: { ...init.headers, 'x-request-id': 'req-1' } })
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('x-request-id'), 'req-1')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.deepEqual(await response.json(), {
      ResponseMetadata: {
        RequestId: 'req-1',
        Action: 'CreateThing',
        Version: '2025-10-30',
        Service: 'id',
        Region: 'cn-beijing',
      },
      Result: { Name: 'one', NetworkConfiguration: { VpcId: 'v' } },
    })
    assert.deepEqual(events, [])
  })

  it('takes whatever headers are signed', async () => {
    const headers = {
      'content-type': 'application/json',
      'x-security-token': 'sts',
      'x-custom-request-context': '{ "a":  1 }',
    }
    assert.equal((await call({ headers })).status, 200)
  })

  const refused = [
    ['no Authorization', { authorization: undefined }, 401, 'MissingAuthenticationToken', 100003],
    ['another scheme', { authorization: 'Bearer x' }, 400, 'InvalidAuthorization', undefined],
    [
      'no signature',
      { authorization: 'HMAC-SHA256 Credential=a/20261121/r/id/request, SignedHeaders=host' },
      401,
      'MissingSignature',
      100005,
    ],
    [
      'a malformed credential',
      { authorization: `HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=${'0'.repeat(64)}` },
      400,
      'InvalidCredential',
      undefined,
    ],
    [
      'no region',
      {
        authorization: `HMAC-SHA256 Credential=a/20261121//id/request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
      },
      400,
      'MissingRequestInfo',
      100004,
    ],
    [
      'no signed headers',
      { authorization: `HMAC-SHA256 Credential=a/20261121/r/id/request, Signature=${'0'.repeat(64)}` },
      400,
      'MissingRequestInfo',
      100004,
    ],
    ['no date', { 'x-date': undefined }, 400, 'MissingRequestInfo', 100004],
    ['a date that is none', { 'x-date': '20261341T990000Z' }, 400, 'InvalidTimestamp', 100006],
    ['another hash of the body', { 'x-content-sha256': '0'.repeat(64) }, 401, 'SignatureDoesNotMatch', 100010],
    ['a signed header taken away', { 'x-extra': undefined }, 401, 'SignatureDoesNotMatch', 100010],
    ['a signed header changed', { 'x-extra': 'b' }, 401, 'SignatureDoesNotMatch', 100010],
  ] as const
  for (const [title, changed, status, code, codeN] of refused) {
    it(`refuses ${title}`, async () => {
      const { url, init } = signedRequest(toSign({ headers: { 'x-extra': 'a' } }))
      const entries = Object.entries({ ...init.headers, ...changed }).filter(([, value]) => value !== undefined)
      const answer = await send({ url, init: { ...init, headers: Object.fromEntries(entries) } as typeof init })
      const { Code, CodeN, Message } = answer.body.ResponseMetadata.Error
      assert.deepEqual([answer.status, Code, CodeN], [status, code, codeN])
      assert.ok(Message.length > 0 && !Message.includes(accessKey.secretAccessKey))
      assert.equal(answer.body.Result, undefined)
      assert.deepEqual(
        events.map(({ outcome, reason, status: told }) => [outcome, reason, told]),
        [['refused', 'admin_unauthorized', status]],
      )
    })
  }

  it('refuses an unknown key and a wrong secret', async () => {
    const unknown = await call({ accessKey: { ...accessKey, accessKeyId: 'other' } })
    assert.deepEqual([unknown.status, unknown.code], [401, 'InvalidAccessKey'])
    const wrong = await call({ accessKey: { ...accessKey, secretAccessKey: 'another-secret-key' } })
    assert.deepEqual([wrong.status, wrong.code], [401, 'SignatureDoesNotMatch'])
    assert.equal(events.length, 2)
  })

  it('says what to set where no key is configured', async () => {
    const bare = await startHttp({ wire: wireApi({ ...wireOptions(), accessKeys: [] }) })
    const answer = await send(signedRequest(toSign({ url: bare.url })))
    await bare.close()
    assert.equal(answer.status, 401)
    assert.match(answer.body.ResponseMetadata.Error.Message, /POSTERN_ACCESS_KEY_ID/)
  })

  it('refuses a date more than 15 minutes away, on either side', async () => {
    for (const [away, status] of [
      [-limits.wireClockSkew, 200],
      [limits.wireClockSkew, 200],
      [-limits.wireClockSkew - 1000, 400],
      [limits.wireClockSkew + 1000, 400],
    ] as const) {
      const answer = await call({ now: clock.now() + away })
      assert.deepEqual([answer.status, answer.code], [status, status === 200 ? undefined : 'InvalidTimestamp'])
    }
  })

  it('refuses a signature that was used, until its date is too old anyway', async () => {
    const once = signedRequest(toSign())
    assert.equal((await send(once)).status, 200)
    for (const wait of [0, limits.wireClockSkew, 1000]) {
      clock.advance(wait)
      const again = await send(once)
      assert.deepEqual([again.status, again.body.ResponseMetadata.Error.Code], [400, 'InvalidTimestamp'])
    }
  })

  it('refuses a signature that was used before a restart, and takes one that was not', async () => {
    const folder = await temporaryFolder()
    const start = async () => {
      const url = `sqlite:${join(folder.path, 'server.db')}`
      const ownStore = await openStore<ServerTables>({ url, migrations: {}, log })
      const own = await startHttp({ wire: wireApi({ ...wireOptions(), store: ownStore }) })
      const close = () => own.close().then(ownStore.close)
      return { send: (given: Partial<ToSign>) => sendAgain(own.url, signedRequest(toSign(given))), close }
    }
    const [used, unused] = [{ now: clock.now() }, { now: clock.now() - 1000 }]
    const first = await start()
    assert.equal((await first.send(used)).status, 200)
    await first.close()
    const second = await start()
    const again = await second.send(used)
    const late = await second.send(unused)
    await second.close()
    await folder.remove()
    assert.deepEqual([again.status, again.code], [400, 'InvalidTimestamp'])
    assert.equal(late.status, 200, 'signed before the restart, sent once')
  })

  it('does not count a signature as used by who only copied it onto another body', async () => {
    const { url, init } = signedRequest(toSign())
    assert.equal((await send({ url, init: { ...init, body: '{"Name":"evil"}' } })).status, 401)
    assert.equal((await send({ url, init })).status, 200)
  })

  it('refuses any change of anything that is signed', async () => {
    const change = fc.constantFrom(
      'body',
      'query',
      'host',
      'x-date',
      'x-content-sha256',
      'x-extra',
      'signature',
      'scope',
      'names',
      'method',
    )
    await fc.assert(
      fc.asyncProperty(change, fc.integer({ min: 0, max: 63 }), async (what, place) => {
        clock.advance(1000)
        const { url, init } = signedRequest(toSign({ headers: { 'x-extra': 'value' } }))
        const { headers } = init
        const flip = (given: string, at: number) =>
          given.slice(0, at) + (given[at] === '0' ? '1' : '0') + given.slice(at + 1)
        const { authorization } = headers
        const changed = {
          body: { body: `${init.body} ` },
          query: {},
          host: {},
          'x-date': { headers: { ...headers, 'x-date': flip(headers['x-date'], 14) } },
          'x-content-sha256': { headers: { ...headers, 'x-content-sha256': flip(headers['x-content-sha256'], place) } },
          'x-extra': { headers: { ...headers, 'x-extra': flip('value', place % 5) } },
          signature: { headers: { ...headers, authorization: flip(authorization, authorization.length - 64 + place) } },
          scope: { headers: { ...headers, authorization: authorization.replace('cn-beijing', 'cn-shanghai') } },
          names: { headers: { ...headers, authorization: authorization.replace(';x-extra', '') } },
          method: {},
        }[what]
        const target =
          what === 'query' ? `${url}&Extra=${place}` : what === 'host' ? url.replace('localhost', '127.0.0.1') : url
        const method = what === 'method' ? 'PUT' : 'POST'
        const response = await fetch(target, { ...init, ...changed, method } as RequestInit)
        assert.ok([400, 401, 404].includes(response.status), `${what}: ${response.status}`)
      }),
      { numRuns: 60 },
    )
  })

  it('answers for its own service, version and actions only, to who has signed', async () => {
    const cases = [
      [{ service: 'agentkit' }, 404, 'ServiceNotFound'],
      [{ version: '2018-01-01' }, 404, 'InvalidActionOrVersion'],
      [{ action: 'DropEverything' }, 404, 'InvalidActionOrVersion'],
      [{ action: 'constructor' }, 404, 'InvalidActionOrVersion'],
      [{ action: '' }, 400, 'MissingParameter'],
    ] as const
    for (const [given, status, code] of cases) {
      const answer = await call(given)
      assert.deepEqual([answer.status, answer.code], [status, code])
    }
    const { url } = signedRequest(toSign({ action: 'DropEverything' }))
    assert.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 401)
  })

  it('refuses parameters in the words of the originals', async () => {
    const cases = [
      [{ body: {} }, 400, 'MissingParameter'],
      [{ body: { Name: 5 } }, 400, 'InvalidParameter.Name'],
      [{ body: { Name: 'much too long' } }, 400, 'InvalidParameter.Name'],
      [{ body: [] }, 400, 'InvalidParameter'],
      [{ action: 'Fail', body: { How: 'unknown' } }, 404, 'NotFound.Thing'],
      [{ action: 'Fail', body: { How: 'twice' } }, 409, 'Duplicated'],
      [{ action: 'Fail', body: { How: 'wrong' } }, 400, 'InvalidParameter.Name'],
    ] as const
    for (const [given, status, code] of cases) {
      const answer = await call(given)
      assert.deepEqual([answer.status, answer.code], [status, code])
    }
    assert.deepEqual(events, [])
  })

  it('says nothing of a failure that nobody foresaw, and logs it', async () => {
    const answer = await call({ action: 'Fail', body: { How: 'x' } })
    assert.deepEqual([answer.status, answer.code], [500, 'InternalError'])
    assert.ok(!JSON.stringify(answer).includes('secret detail'))
    assert.match(text(), /a secret detail/)
  })

  it('bounds the body', async () => {
    const answer = await call({ body: { Name: 'x'.repeat(limits.bodyBytes) } })
    assert.deepEqual([answer.status, answer.code], [413, 'RequestEntityTooLarge'])
  })

  it('refuses a header that is there twice', async () => {
    const { init } = signedRequest(toSign())
    const { port, host } = new URL(server.url)
    const lines = ['POST /?Action=CreateThing&Version=2025-10-30 HTTP/1.1', `host: ${host}`, 'connection: close']
    const headers = Object.entries(init.headers).map(([name, value]) => `${name}: ${value}`)
    const socket = connect(Number(port), 'localhost')
    let got = ''
    socket.on('data', (chunk) => {
      got += chunk
    })
    const request = [
      ...lines,
      ...headers,
      `x-date: ${init.headers['x-date']}`,
      `content-length: ${init.body.length}`,
      '',
      init.body,
    ]
    socket.write(request.join('\r\n'))
    await once(socket, 'close')
    assert.match(got, /^HTTP\/1.1 400 [\s\S]*InvalidParameter/)
  })

  it('stands at POST / alone', async () => {
    assert.equal((await fetch(server.url)).status, 404)
    assert.equal((await fetch(`${server.url}/x`, { method: 'POST' })).status, 404)
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  })

  it('is on the admin side alone in production', async () => {
    const production = await startHttp({ mode: 'production', wire: wireApi(wireOptions()) })
    const open = await fetch(production.url, { method: 'POST' })
    const admin = await call({ url: production.adminUrl })
    await production.close()
    assert.deepEqual([open.status, admin.status], [404, 200])
  })

  it('never logs a key or a signature', () => {
    assert.ok(!`${text()}${server.text()}${JSON.stringify(events)}`.includes(accessKey.secretAccessKey))
  })
})
