import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerOf, type Library, start } from './apps.ts'
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
