import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JsonObject, sha256Base64url } from '@postern/core'
import { createTestClock, type TestClock } from '@postern/core/testing'
import fc from 'fast-check'
import { createKeySource } from '../keys/key-source.ts'
import { readOptions } from '../options/read-options.ts'
import { assemble, createSigningKey, signBytes } from '../testing/signing.ts'
import { createFollower } from './follower.ts'
import type { TokenFacts } from './ledger.ts'
import { type EntryKind, entryKinds } from './statement.ts'

const issuer = 'https://as.example/p'
const uri = `${issuer}/revocations`
const key = createSigningKey('ES256')
const names = ['a', 'b', 'c']

/** How the issuer keeps what has ended: one row for each thing, at the place of its last change. */
interface Row {
  readonly before: number | undefined
  readonly exp: number
  readonly seq: number
}

interface Model {
  readonly rows: Map<string, Row & { readonly kind: EntryKind; readonly name: string }>
  pool: JsonObject
  seq: number
}

type Mishap = 'none' | 'refused' | 'cut off' | 'replayed' | "another's" | 'garbage'

type Step =
  | { readonly do: 'end'; readonly kind: EntryKind; readonly name: string; readonly lives: number }
  | { readonly do: 'back'; readonly kind: EntryKind; readonly name: string }
  | { readonly do: 'pool'; readonly ended: boolean }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'poll'; readonly pageSize: number; readonly mishap: Mishap; readonly which: number }

const kind = fc.constantFrom(...entryKinds)
const name = fc.constantFrom(...names)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('end' as const), kind, name, lives: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ do: fc.constant('back' as const), kind, name }),
  fc.record({ do: fc.constant('pool' as const), ended: fc.boolean() }),
  fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 100 }) }),
  fc.record({
    do: fc.constant('poll' as const),
    pageSize: fc.integer({ min: 1, max: 4 }),
    mishap: fc.constantFrom<Mishap>('none', 'none', 'refused', 'cut off', 'replayed', "another's", 'garbage'),
    which: fc.nat(),
  }),
)

function change(model: Model, clock: TestClock, done: Exclude<Step, { do: 'poll' | 'wait' }>): void {
  const now = Math.floor(clock.now() / 1000)
  model.seq += 1
  if (done.do === 'pool') {
    model.pool = done.ended ? { ended: true } : { before: now }
    return
  }
  const id = `${done.kind} ${done.name}`
  const known = model.rows.get(id)
  const { kind, name } = done
  // An issuer never takes back how long it has said that something stays ended.
  const exp = Math.max(now + ('lives' in done ? done.lives : 0), model.rows.get(id)?.exp ?? 0)
  if (done.do === 'end') model.rows.set(id, { kind, name, before: undefined, exp, seq: model.seq })
  else if (known !== undefined) model.rows.set(id, { ...known, before: now, seq: model.seq })
}

/** The feed over the model: pages in the order of places, as the provider makes them. */
function stateOf(model: Model, clock: TestClock, after: number, pageSize: number): JsonObject {
  const now = Math.floor(clock.now() / 1000)
  const rows = [...model.rows.values()].filter(({ seq, exp }) => seq > after && exp > now)
  rows.sort((one, two) => one.seq - two.seq)
  const page = rows.slice(0, pageSize)
  const hasMore = rows.length > page.length
  return {
    iss: issuer,
    iat: now,
    exp: now + 60,
    after,
    seq: hasMore ? page.at(-1)?.seq : model.seq,
    ...(hasMore ? { more: true } : {}),
    ...model.pool,
    entries: page.map((row) => ({
      kind: row.kind,
      hash: sha256Base64url(row.name),
      exp: row.exp,
      ...(row.before === undefined ? {} : { before: row.before }),
    })),
  }
}

const sign = (claims: JsonObject): string =>
  assemble({ alg: 'ES256', typ: 'revocations+jwt', kid: key.kid }, claims, (input) =>
    signBytes(input, 'ES256', key.privateKey),
  )

async function run(steps: readonly Step[]): Promise<void> {
  const clock = createTestClock()
  const model: Model = { rows: new Map(), pool: {}, seq: 0 }
  const said: string[] = []
  let poll: Extract<Step, { do: 'poll' }> = { do: 'poll', pageSize: 9, mishap: 'none', which: 0 }
  let pages = 0

  const feed = (after: number): Response => {
    pages += 1
    const { mishap, pageSize, which } = poll
    if (mishap === 'refused' || (mishap === 'cut off' && pages > 1)) return new Response('', { status: 503 })
    if (mishap === 'garbage') return new Response('eyJ.x.y')
    if (mishap === 'replayed' && said.length > 0) return new Response(said[which % said.length])
    // What somebody else was told who asked about another place.
    const place = mishap === "another's" ? which % (model.seq + 1) : after
    const statement = sign(stateOf(model, clock, place, pageSize))
    said.push(statement)
    return new Response(statement)
  }
  const fetch = async (input: string | URL | Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(input instanceof Request ? input.url : input)
    if (pathname === '/p/revocations') return feed(Number(searchParams.get('after')))
    if (pathname === '/p/jwks') return Response.json({ keys: [key.jwk] })
    return Response.json({ issuer, jwks_uri: `${issuer}/jwks`, revocation_feed_uri: uri })
  }
  const settings = readOptions({ resource: 'https://mcp.example', issuers: [{ issuer }], clock, fetch })
  const [rules] = settings.issuers
  assert.ok(rules !== undefined)
  const onWarning = (): void => undefined
  const keys = createKeySource(rules, { ...settings, times: settings.keyTimes, onWarning })
  await keys.find('ES256', key.kid)
  const follower = createFollower(rules, keys, { ...settings, mode: 'follow', onWarning })

  for (const done of steps) {
    if (done.do === 'wait') clock.advance(done.seconds * 1000)
    else if (done.do === 'poll') {
      poll = done
      pages = 0
      await follower.poll(uri)
    } else change(model, clock, done)
  }
  poll = { do: 'poll', pageSize: 2, mishap: 'none', which: 0 }
  assert.equal(await follower.poll(uri), undefined)
  compare(model, clock, follower.judge)
  follower.close()
  keys.close()
}

/** What is refused is what the issuer has ended, and that alone, for tokens of every age. */
function compare(model: Model, clock: TestClock, judge: (facts: TokenFacts) => string | undefined): void {
  const now = Math.floor(clock.now() / 1000)
  const nothing = { token: undefined, grant: undefined, client: undefined, subject: undefined }
  for (const kind of entryKinds) {
    for (const name of names) {
      const until = endOf(model, `${kind} ${name}`, now)
      for (const issuedAt of [now - 1000, now - 50, now - 1, now, now + 1]) {
        const expected = issuedAt < until ? 'revoked' : undefined
        const facts = { ...nothing, [kind]: sha256Base64url(name), issuedAt }
        assert.equal(judge(facts), expected, `${kind} ${name} issued ${issuedAt - now}`)
      }
    }
  }
}

/** Until when tokens must have been issued to be over. */
function endOf({ rows, pool }: Model, id: string, now: number): number {
  const ofPool = pool['ended'] === true ? Number.POSITIVE_INFINITY : Number(pool['before'] ?? 0)
  const row = rows.get(id)
  if (row === undefined || row.exp <= now) return ofPool
  return Math.max(ofPool, row.before ?? Number.POSITIVE_INFINITY)
}

test('whatever happens to the questions on the way, in the end exactly what has ended is refused', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), run), { numRuns: 150 })
})
