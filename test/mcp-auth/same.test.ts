import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerOf, bearer, type Library, resource, start } from './apps.ts'
import { sameRows } from './same-rows.ts'

/*
 * What a program that comes from mcp-auth 0.2.0 may rely on: the same requests, sent to the same program with either
 * library (ours with `errorFormat: 'mcp-auth'`), get the same status, error codes and missing scopes.
 */
for (const [about, rows] of Object.entries(sameRows)) {
  describe(`as with mcp-auth 0.2.0: ${about}`, { concurrency: true }, () => {
    for (const { what, program = {}, request, answer } of rows) {
      test(what, async () => {
        for (const library of ['theirs', 'ours'] as const satisfies Library[]) {
          const app = await start(library, program)
          try {
            const seen = await app.send(request(app.issuer))
            assert.deepEqual(answerOf(seen), answer, library)
          } finally {
            await app.close()
          }
        }
      })
    }
  })
}

test('as with mcp-auth 0.2.0: what the handler is told of the caller; only the audience is always a list', async () => {
  const told: unknown[] = []
  for (const library of ['theirs', 'ours'] as const) {
    const app = await start(library, {})
    try {
      const token = app.issuer.mint()
      await app.send(bearer(token))
      const auth = app.auth()
      assert.ok(isTold(auth))
      const { issuer, clientId, scopes, subject, claims, audience } = auth
      assert.deepEqual([auth['token'], auth['expiresAt'], issuer], [token, claims.exp, app.issuer.issuer])
      assert.deepEqual(audience, library === 'ours' ? [resource] : resource)
      told.push({ clientId, scopes, subject, claims: Object.keys(claims) })
    } finally {
      await app.close()
    }
  }
  assert.deepEqual(told[1], told[0])
})

interface Told {
  readonly [name: string]: unknown
  readonly claims: { readonly exp: number }
}

function isTold(auth: unknown): auth is Told {
  return typeof auth === 'object' && auth !== null && 'claims' in auth
}
