import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type BrokenTokenKind, brokenToken, brokenTokenKinds } from '@postern/resource-server/testing'
import { type App, answerOf, bearer, type Library, type Program, start } from './apps.ts'
import { differentRows } from './different-rows.ts'

const libraries = ['theirs', 'ours'] as const satisfies Library[]

async function withBoth(program: Program, play: (app: App, library: Library) => Promise<void>): Promise<void> {
  for (const library of libraries) {
    const app = await start(library, program)
    try {
      await play(app, library)
    } finally {
      await app.close().catch(() => undefined)
    }
  }
}

/*
 * Where the answers of mcp-auth 0.2.0 are not kept, each with the reason. What theirs answers is asserted too: a row whose
 * defect is gone there fails and can be moved to the other table.
 */
for (const [about, rows] of Object.entries(differentRows)) {
  describe(`other than mcp-auth 0.2.0: ${about}`, { concurrency: true }, () => {
    for (const row of rows) {
      test(`${row.id} ${row.what}, because ${row.because}`, () =>
        withBoth(row.program ?? {}, async (app, library) => {
          await row.before?.(app)
          const seen = await app.send(row.request(app.issuer))
          assert.deepEqual(answerOf(seen), row[library], library)
          row.also?.[library]?.(seen, app)
        }))
    }
  })
}

describe('other than mcp-auth 0.2.0: what takes more than one request', () => {
  test('E8 an outage is not hammered, because that keeps the server down', () =>
    withBoth({ discovery: true }, async (app, library) => {
      app.issuer.fail('metadata', { status: 503 })
      const token = bearer(app.issuer.mint())
      await Promise.all(Array.from({ length: 20 }, () => app.send(token)))
      for (let again = 0; again < 10; again += 1) await app.send(token)
      const { metadata } = app.issuer.fetches
      assert.ok(library === 'ours' ? metadata <= 2 : metadata >= 10, `${library}: ${metadata} fetches`)
    }))

  test('E11 a key that came after the last fetch is found at once, because its tokens are good', () =>
    withBoth({}, async (app, library) => {
      assert.equal((await app.send(bearer(app.issuer.mint()))).status, 200)
      app.issuer.rotate()
      const { status } = await app.send(bearer(app.issuer.mint()))
      assert.equal(status, library === 'ours' ? 200 : 401)
    }))

  test('every token that is broken is refused, because each of them is a hole elsewhere', () =>
    withBoth({}, async (app, library) => {
      const passed: BrokenTokenKind[] = []
      for (const kind of brokenTokenKinds) {
        const { status } = await app.send(bearer(brokenToken(app.issuer, kind)))
        if (status !== 401) passed.push(kind)
      }
      // What mcp-auth takes for a token without a client, a machine's for example, is kept.
      if (library === 'ours') assert.deepEqual(passed, ['client-missing'])
      else assert.ok(passed.length > 10, `${passed}`)
    }))
})
