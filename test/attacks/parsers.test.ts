import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brokenToken } from '@postern/resource-server/testing'
import { bearer, open } from './fixture.ts'
import { startApp } from './hosts.ts'
import { entrance } from './rows/entrance.ts'

// Else Express writes what parsers throw to the console.
process.env['NODE_ENV'] = 'test'

const rows = entrance.filter(({ id }) => id === 'K17').flatMap((row) => ('attack' in row ? [row] : []))

describe('express, parser behind', () => {
  for (const { id, what, attack, expect } of rows) {
    test(`${id} ${what}`, async () => {
      const fixture = await open(startApp('express, parser behind'))
      try {
        await fixture.expect(expect, attack(fixture))
      } finally {
        await fixture.close()
      }
    })
  }

  test('K17 with a good token it is the parser who refuses such a body', async () => {
    const fixture = await open(startApp('express, parser behind'))
    try {
      const statuses: number[] = []
      for (const { attack, expect } of rows) {
        if (expect !== 'C0') continue
        const { headers, body } = Object(attack(fixture))
        statuses.push((await fixture.send(bearer(fixture.issuer.mint(), { headers, body }))).status)
      }
      assert.deepEqual(statuses, [400, 413, 415])
      assert.deepEqual(fixture.host.callers, [])
    } finally {
      await fixture.close()
    }
  })
})

/*
 * Where a parser stands before the guard, it has answered before the kit hears of the request: whose body cannot be read
 * is told that, and not that he has no token. No guard can undo this, so K17 does not hold there, and the documentation
 * says to put the guard first. What can be held is that nobody gets further by it.
 */
test('express, parser before: K17 cannot hold, for the parser has answered; nothing passes, and what it reads is guarded', async () => {
  const fixture = await open(startApp('express, parser before'))
  try {
    const statuses: number[] = []
    for (const { attack } of rows) {
      const answer = await fixture.send(attack(fixture))
      statuses.push(answer.status)
      assert.equal(answer.headers['www-authenticate'], undefined)
    }
    assert.deepEqual(statuses, [400, 400, 413, 413, 415, 415])
    assert.deepEqual([fixture.host.callers.length, fixture.events.length], [0, 0])

    const readable = { headers: { 'content-type': 'application/json' }, body: '{"jsonrpc":"2.0"}' }
    await fixture.expect('C0', readable)
    await fixture.expect('IT', bearer(brokenToken(fixture.issuer, 'expired'), readable))
    await fixture.expect('OK', bearer(fixture.issuer.mint(), readable))
  } finally {
    await fixture.close()
  }
})
