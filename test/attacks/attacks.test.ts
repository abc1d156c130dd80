import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Fixture, open } from './fixture.ts'
import { hosts } from './hosts.ts'
import { appliesToMcpAuth, startMcpAuth } from './mcp-auth-host.ts'
import { listenToOutput } from './output.ts'
import type { Row } from './row.ts'
import { rows } from './rows.ts'
import { findSecret } from './secrets.ts'

/** What the test runner says on the streams of this process. */
const titles = rows.map(({ id, what }) => `${id} ${what}`).join('\n')
const allOutput = listenToOutput()
const allSecrets = new Set<string>()

async function run(row: Row, fixture: Fixture): Promise<void> {
  fixture.takeSecrets()
  const output = listenToOutput()
  if ('play' in row) await row.play(fixture)
  else await fixture.expect(row.expect, row.attack(fixture), row.scope)
  // Warnings come a moment later.
  await new Promise(setImmediate)
  const sent = fixture.takeSecrets().flatMap(({ credentials, claims }) => [...credentials, ...claims])
  const secrets = sent.filter((secret) => findSecret(titles, [secret]) === undefined)
  assert.equal(findSecret(output(), secrets), undefined, 'nothing of what was sent is written anywhere')
  for (const secret of secrets) allSecrets.add(secret)
}

/** What is written later than the row that sent it, in whole words. */
after(() => {
  const words = new Set(allOutput().match(/[\w-]+/g))
  assert.deepEqual(
    [...words].filter((word) => allSecrets.has(word)),
    [],
  )
})

const places = [
  ...Object.entries(hosts).map(([name, start]) => ({ name, start, rows })),
  { name: 'mcp-auth', start: startMcpAuth, rows: rows.filter(appliesToMcpAuth) },
]

test('M5: the table is run on every framework', () => {
  const frameworks = ['express', 'express 4', 'fastify', 'fetch', 'hono', 'koa', 'mcp-auth', 'next', 'node']
  assert.deepEqual(places.map(({ name }) => name).sort(), [...frameworks, 'rs.authenticate'])
})

for (const { name, start, rows: its } of places) {
  describe(name, () => {
    let shared: Fixture

    before(async () => {
      shared = await open(start)
      // Keys of these types are there from the start, so that a row about them meets a published key and not an unknown one.
      for (const algorithm of ['RS256', 'ES384'] as const) shared.issuer.signingKey(algorithm)
    })
    after(() => shared.close())

    for (const row of its) {
      test(`${row.id} ${row.what}`, async () => {
        if (row.setUp === undefined) return run(row, shared)
        const fixture = await open(start, row.setUp)
        try {
          await run(row, fixture)
        } finally {
          await fixture.close()
        }
      })
    }
  })
}
