import assert from 'node:assert/strict'
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { request } from 'node:http'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type JsonObject, parseJws, sha256Base64url } from '@postern/core'
import { createTestClock, type TestClock } from '@postern/core/testing'
import { createSealer } from '@postern/server'
import { createDirectory } from '../../directory/directory.ts'
import { noteTokenEnded } from '../../directory/revocations/endings.ts'
import { deleteExpiredRevocations } from '../../directory/revocations/reads.ts'
import type { Directory } from '../../directory/types.ts'
import { limits } from '../../limits.ts'
import { type Face, type Ground, openFace, openGround, publicUrl } from '../test-face.ts'
import { createBury } from './tombstone.ts'

const sealer = createSealer(new Uint8Array(32))
const issuer = `${publicUrl}/pools/p`

/** Two processes over one database: each has a directory and a face of its own. */
interface World {
  readonly ground: Ground
  readonly clock: TestClock
  readonly one: Directory
  readonly face: Face
  readonly other: Face
  close(): Promise<void>
}

async function openWorld(): Promise<World> {
  const ground = await openGround()
  const clock = createTestClock(Date.now())
  const directories = [0, 1].map(() =>
    createDirectory({
      store: ground.store,
      clock,
      sealer,
      mode: 'development',
      bury: createBury(() => publicUrl),
      onEvent: () => {},
      onError: () => {},
    }),
  )
  const [one, two] = directories
  assert.ok(one !== undefined && two !== undefined)
  const face = await openFace(ground, true, { directory: one, clock })
  const other = await openFace(ground, true, { directory: two, clock })
  await one.pools.create({ id: 'p', name: 'P' })
  return {
    ground,
    clock,
    one,
    face,
    other,
    async close() {
      for (const open of [face, other]) {
        open.oidc.release()
        await open.close()
      }
      for (const directory of directories) await directory.close()
      await ground.close()
    },
  }
}

interface Said {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly header: JsonObject
  readonly claims: JsonObject
}

async function ask(face: Face, query = '', init: RequestInit = {}, pool = 'p'): Promise<Said> {
  const response = await fetch(`${face.url}/pools/${pool}/revocations${query}`, init)
  const text = await response.text()
  const jws = parseJws(text, { maxLength: 1e7 })
  const { header, payload } = jws.malformed === undefined ? jws : { header: {}, payload: {} }
  return { status: response.status, headers: response.headers, text, header, claims: payload }
}

async function jwksOf(face: Face): Promise<JsonWebKey[]> {
  const { keys } = JSON.parse(await (await fetch(`${face.url}/pools/p/jwks`)).text())
  return keys
}

function isSignedBy(text: string, jwk: JsonWebKey): boolean {
  const [header, payload, signature = ''] = text.split('.')
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const data = Buffer.from(`${header}.${payload}`)
  return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
}

const seqOf = ({ claims }: Said): number => Number(claims['seq'])
const entriesOf = ({ claims }: Said): unknown[] => {
  const { entries } = claims
  return Array.isArray(entries) ? entries : assert.fail('no entries')
}

describe('the feed of revocations', () => {
  let world: World
  beforeEach(async () => {
    world = await openWorld()
  })
  afterEach(() => world.close())

  const endToken = ({ ground, clock }: World, jti: string, clientId = 'c') =>
    noteTokenEnded({ db: ground.store.db, now: clock.now() }, 'p', { jti, clientId, expiresAt: clock.now() + 60_000 })

  test('is a short statement, signed by the pool, of its own type', async () => {
    const { face, clock } = world
    const said = await ask(face)
    const [key] = await jwksOf(face)
    assert.ok(key !== undefined)
    assert.equal(said.status, 200)
    assert.equal(said.headers.get('content-type'), 'application/revocations+jwt')
    assert.equal(said.headers.get('cache-control'), 'no-cache')
    assert.deepEqual(said.header, { alg: 'ES256', typ: 'revocations+jwt', kid: key['kid'] })
    const iat = Math.floor(clock.now() / 1000)
    assert.deepEqual(said.claims, { iss: issuer, iat, exp: iat + 60, after: 0, seq: 0, entries: [] })
    assert.equal(isSignedBy(said.text, key), true)
  })

  test('holds hashes and times, and nothing else', async () => {
    const { face, one, clock } = world
    const { client } = await one.clients.create('p', { name: 'c', clientType: 'MACHINE_TO_MACHINE' })
    await endToken(world, 'token-1')
    await one.clients.delete('p', client.clientId)
    const said = await ask(face)
    const exp = Math.ceil((clock.now() + 60_000) / 1000) + limits.revocationGrace
    const longest = Math.ceil(clock.now() / 1000) + limits.defaultAccessTokenTtl + limits.keyGrace
    assert.deepEqual(entriesOf(said), [
      { kind: 'token', hash: await sha256Base64url('token-1'), exp },
      { kind: 'client', hash: await sha256Base64url(client.clientId), exp: longest + limits.revocationGrace },
    ])
    assert.equal(said.text.includes(client.clientId), false)
  })

  test('goes on from a place, and says 304 where nothing has happened since', async () => {
    const { face } = world
    await endToken(world, 'a')
    const first = await ask(face)
    const after = seqOf(first)
    await endToken(world, 'b')
    const second = await ask(face, `?after=${after}`)
    assert.ok(seqOf(second) > after)
    assert.deepEqual(
      entriesOf(second).map((entry) => JSON.stringify(entry).includes(String(sha256Base64url('b')))),
      [true],
    )
    const etag = second.headers.get('etag') ?? assert.fail('no etag')
    const same = await ask(face, `?after=${after}`, { headers: { 'if-none-match': `"x", ${etag}` } })
    assert.deepEqual([same.status, same.text, same.headers.get('etag')], [304, '', etag])
    await endToken(world, 'c')
    assert.equal((await ask(face, `?after=${after}`, { headers: { 'if-none-match': etag } })).status, 200)
    const ahead = await ask(face, `?after=${after + 1e6}`)
    assert.ok(seqOf(ahead) < after + 1e6, 'who knows more than there is sees so')
  })

  test('comes in pages of a bounded size', async () => {
    const { face } = world
    const count = limits.revocationsPerStatement + 3
    for (let index = 0; index < count; index += 1) await endToken(world, `t${index}`, `c${index % 7}`)
    const first = await ask(face)
    assert.deepEqual([entriesOf(first).length, first.claims['more']], [limits.revocationsPerStatement, true])
    assert.ok(first.text.length < 256 * 1024, `${first.text.length}`)
    const second = await ask(face, `?after=${seqOf(first)}`)
    assert.deepEqual([entriesOf(second).length, second.claims['more']], [3, undefined])
  })

  test('too many tokens of one client become all that it has so far', async () => {
    const { face, clock } = world
    for (let index = 0; index <= limits.revocationsPerClient; index += 1) await endToken(world, `t${index}`, 'busy')
    await endToken(world, 'other', 'quiet')
    const before = Math.floor(clock.now() / 1000) + 1
    const said = await ask(face)
    const [client, token, ...rest] = entriesOf(said) as JsonObject[]
    assert.deepEqual(
      [client?.['kind'], client?.['hash'], client?.['before']],
      ['client', await sha256Base64url('busy'), before],
    )
    assert.deepEqual([token?.['kind'], rest], ['token', []])
  })

  test('forgets what has expired, and the sweeper deletes it', async () => {
    const { face, clock, ground } = world
    await endToken(world, 'a')
    clock.advance((61 + limits.revocationGrace) * 1000)
    assert.deepEqual(entriesOf(await ask(face)), [])
    assert.equal(await deleteExpiredRevocations({ db: ground.store.db, now: clock.now() }, 10), 1)
    assert.equal(await deleteExpiredRevocations({ db: ground.store.db, now: clock.now() }, 10), 0)
  })

  test('waits for news: of this process at once, of another one within a second', async () => {
    const { face, other, one } = world
    const { client } = await one.clients.create('p', { name: 'c', clientType: 'MACHINE_TO_MACHINE' })
    const waiting = [face, other].map((open) => ask(open, '?wait=20'))
    // Whoever waits has come by the time that these are answered.
    for (const open of [face, other]) await ask(open)
    const startedAt = performance.now()
    await one.clients.delete('p', client.clientId)
    for (const said of await Promise.all(waiting)) assert.equal(entriesOf(said).length, 1)
    assert.ok(performance.now() - startedAt < 1500, `${performance.now() - startedAt} ms`)
  })

  test('answers at the end of the wait, when the server closes, and forgets who has gone', async () => {
    const { face } = world
    assert.equal(seqOf(await ask(face, '?wait=1')), 0)
    const gone = request(`${face.url}/pools/p/revocations?wait=20`).on('error', () => undefined)
    gone.end()
    const waiting = ask(face, '?wait=20')
    // Both have come once a third that does not wait was answered.
    await ask(face)
    gone.destroy()
    face.oidc.release()
    assert.equal((await waiting).status, 200)
    assert.equal((await ask(face, '?wait=20')).status, 200, 'nobody waits any more')
  })

  test('a disabled pool says that it is over, and says when it is back', async () => {
    const { face, other, one, clock } = world
    await one.pools.update('p', { enabled: false })
    for (const open of [face, other]) {
      const said = await ask(open)
      assert.deepEqual([said.status, said.claims['ended'], said.claims['before']], [200, true, undefined])
      assert.equal((await fetch(`${open.url}/pools/p/jwks`)).status, 404)
    }
    clock.advance(5000)
    await one.pools.update('p', { enabled: true })
    const said = await ask(face)
    assert.deepEqual([said.claims['ended'], said.claims['before']], [undefined, Math.floor(clock.now() / 1000)])
  })

  test('a deleted pool leaves its last word, signed by its own key, for as long as a token of it may live', async () => {
    const { face, other, one, clock } = world
    const [key] = await jwksOf(face)
    // The other process has the pool in memory.
    await ask(other)
    await endToken(world, 'a')
    const place = seqOf(await ask(face))
    const waiting = ask(other, `?after=${place}&wait=20`)
    await ask(other)
    await one.pools.delete('p')
    const said = await waiting
    assert.ok(key !== undefined && isSignedBy(said.text, key))
    const { iat, exp, seq, ...claims } = said.claims as { iat: number; exp: number; seq: number }
    assert.deepEqual(claims, { iss: issuer, after: 0, ended: true, final: true, entries: [] })
    assert.ok(iat === Math.floor(clock.now() / 1000) && exp - iat >= limits.defaultAccessTokenTtl && seq > place)
    assert.equal((await ask(face)).text, said.text)
    assert.equal((await ask(face, `?after=${seq}&wait=20`)).text, said.text, 'there will be no news')
    clock.set(exp * 1000)
    assert.equal((await ask(face)).status, 404)
  })

  test('a pool made anew under the id says that nothing of the old one is good', async () => {
    const { face, one, clock } = world
    await endToken(world, 'a')
    await one.pools.delete('p')
    const last = seqOf(await ask(face))
    await one.pools.create({ id: 'p', name: 'P' })
    const said = await ask(face)
    assert.deepEqual(entriesOf(said), [])
    assert.equal(said.claims['before'], Math.floor(clock.now() / 1000) + 1, 'within the second of the end, too')
    assert.equal(said.claims['final'], undefined)
    assert.ok(seqOf(said) > last)
  })

  test('what is no question is refused, and there is nothing where there is no pool', async () => {
    const { face } = world
    for (const query of [
      '?after=-1',
      '?after=x',
      '?after=1e3',
      '?after=99999999999999999',
      '?wait=31',
      '?wait=0.5',
      '?after=1&after=2',
    ]) {
      const { status, text } = await ask(face, query)
      assert.deepEqual([query, status, JSON.parse(text).error], [query, 400, 'invalid_request'])
    }
    assert.equal((await ask(face, '', {}, 'none')).status, 404)
    const post = await fetch(`${face.url}/pools/p/revocations`, { method: 'POST' })
    assert.equal(post.status, 405)
    const head = await ask(face, '?wait=20', { method: 'HEAD' })
    assert.deepEqual([head.status, head.text, head.headers.get('etag')], [200, '', 'W/"0-0"'])
  })
})
