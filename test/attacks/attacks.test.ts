import { after, before, describe, test } from 'node:test'
import { type Fixture, open } from './fixture.ts'
import { hosts } from './hosts.ts'
import type { Row } from './row.ts'
import { boundTokens } from './rows/bound-tokens.ts'
import { claims } from './rows/claims.ts'
import { errorsAndCache } from './rows/errors-and-cache.ts'
import { introspection } from './rows/introspection.ts'
import { keys } from './rows/keys.ts'
import { metadata } from './rows/metadata.ts'
import { operations } from './rows/operations.ts'
import { otherCredentials } from './rows/other-credentials.ts'
import { scopes } from './rows/scopes.ts'
import { tokens } from './rows/tokens.ts'
import { wire } from './rows/wire.ts'

/*
 * The case table of refusals, run through every adapter. The ids are the table's; rows of one id are forms of one case,
 * and a `because` says where an answer is not the table's, and why.
 */
const rows: readonly Row[] = [
  wire,
  tokens,
  claims,
  boundTokens,
  scopes,
  operations,
  keys,
  metadata,
  otherCredentials,
  errorsAndCache,
  introspection,
].flat()

async function run(row: Row, fixture: Fixture): Promise<void> {
  if ('play' in row) await row.play(fixture)
  else await fixture.expect(row.expect, row.attack(fixture), row.scope)
}

for (const [name, start] of Object.entries(hosts)) {
  describe(name, () => {
    let shared: Fixture

    before(async () => {
      shared = await open(start)
      // Keys of these types are there from the start, so that a row about them meets a published key and not an unknown one.
      for (const algorithm of ['RS256', 'ES384'] as const) shared.issuer.signingKey(algorithm)
    })
    after(() => shared.close())

    for (const row of rows) {
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
