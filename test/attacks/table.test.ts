import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { configuration } from './configuration.ts'
import { rows } from './rows.ts'

/** The rows of the case table, by section. Its numbers are stable names; gaps mean nothing. */
const table = {
  A: [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24],
  B: [
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 21, 22, 24, 25, 26, 27, 28],
    ...[30, 31, 32, 33, 35, 36, 38, 39, 41, 42, 43, 44, 45],
  ],
  C: [1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 27, 28, 30, 31, 32, 34, 35, 36],
  D: [1, 2, 3, 4, 6, 8, 9, 10, 11, 13, 14, 15, 16, 18, 19, 20],
  E: [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 17, 19, 20, 21, 22, 23, 24, 25],
  F: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24, 25, 26],
  G: [1, 3, 4, 5, 6, 7, 8, 9],
  H: [1, 2, 4, 5, 6, 7, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25],
  I: [1, 2, 3, 5, 6, 7, 8, 9],
  J: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 15, 16, 17],
  K: [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 14, 15, 17, 18, 19, 20],
  L: [1, 3, 4, 5, 6, 7, 8, 10, 12],
  M: [1, 2, 3, 4, 5],
} as const

/** Rows that take more than a request and an answer: where they are, and the words by which they are found there. */
const elsewhere: Readonly<Record<string, readonly [file: string, words: string]>> = {
  B45: ['resource-server/kit/src/tokens/signature/classes.test.ts', 'B45'],
  C34: ['test/mcp/streams.test.ts', 'C34'],
  K1: ['test/mcp/sessions.test.ts', 'K1–K4'],
  K2: ['test/mcp/sessions.test.ts', 'K1–K4'],
  K3: ['test/mcp/sessions.test.ts', 'K1–K4'],
  K4: ['test/mcp/sessions.test.ts', 'K1–K4'],
  K5: ['test/mcp/sessions.test.ts', 'K5'],
  K7: ['test/mcp/sessions.test.ts', 'K7'],
  K8: ['test/mcp/cross-talk.test.ts', 'K8'],
  K9: ['test/mcp/cross-talk.test.ts', 'K9'],
  L4: ['resource-server/kit/src/mcp-auth/mcp-auth.test.ts', "'production'"],
  L12: ['test/bench/cases/bad-tokens.ts', 'distinct bad tokens'],
  M1: ['test/mcp/step-up.test.ts', 'StreamableHTTPClientTransport'],
  M2: ['test/mcp/step-up.test.ts', 'step up'],
  M3: ['resource-server/kit/src/presets/presets.test.ts', 'recorded'],
  M4: ['test/mcp-auth/snippets.test.ts', 'snippets'],
  M5: ['test/frameworks.ts', 'express4'],
}

const here = new Set([...rows, ...configuration].map(({ id }) => id))

test('every row of the table is run', () => {
  const all = Object.entries(table).flatMap(([section, numbers]) => numbers.map((number) => `${section}${number}`))
  assert.deepEqual(
    all.filter((id) => !here.has(id) && !Object.hasOwn(elsewhere, id)),
    [],
  )
  assert.deepEqual(
    Object.keys(elsewhere).filter((id) => here.has(id)),
    [],
    'nothing is said to be elsewhere that is here',
  )
})

for (const [id, [file, words]] of Object.entries(elsewhere)) {
  test(`${id} is in ${file}`, async () => {
    const text = await readFile(join(import.meta.dirname, '..', '..', file), 'utf8')
    assert.ok(text.includes(words))
  })
}
