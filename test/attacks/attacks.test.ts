import { after, before, describe, test } from 'node:test'
import { type Fixture, open } from './fixture.ts'
import { hosts } from './hosts.ts'
import { appliesToMcpAuth, startMcpAuth } from './mcp-auth-host.ts'
import type { Row } from './row.ts'
import { rows } from './rows.ts'

async function run(row: Row, fixture: Fixture): Promise<void> {
  if ('play' in row) await row.play(fixture)
  else await fixture.expect(row.expect, row.attack(fixture), row.scope)
}

const places = [
  ...Object.entries(hosts).map(([name, start]) => ({ name, start, rows })),
  { name: 'mcp-auth', start: startMcpAuth, rows: rows.filter(appliesToMcpAuth) },
]

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
