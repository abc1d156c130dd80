import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join, matchesGlob } from 'node:path'
import { test } from 'node:test'
import { reasons } from '@postern/core'
import * as presets from '@postern/resource-server/presets'
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

/** Where a row has a test of its own: in a file that `npm test` runs, under a title that names the row. */
interface Place {
  readonly file: string
  /** The title, where it does not name the row. */
  readonly title?: string
  /** What of the row is not kept, and why. */
  readonly because?: string
}

const kit = 'resource-server/kit/src'

/** Rows that take more than a request and an answer. */
const elsewhere: Readonly<Record<string, Place>> = {
  B45: { file: `${kit}/tokens/signature/classes.test.ts` },
  C34: { file: 'test/mcp/streams.test.ts' },
  F15: { file: 'test/attacks/layouts.test.ts' },
  F23: { file: 'test/attacks/layouts.test.ts' },
  F24: { file: 'test/attacks/layouts.test.ts' },
  K1: { file: 'test/mcp/sessions.test.ts' },
  K2: { file: 'test/mcp/sessions.test.ts' },
  K3: { file: 'test/mcp/sessions.test.ts' },
  K4: { file: 'test/mcp/sessions.test.ts' },
  K5: { file: 'test/mcp/sessions.test.ts' },
  K7: { file: 'test/mcp/sessions.test.ts' },
  K8: { file: 'test/mcp/cross-talk.test.ts' },
  K9: { file: 'test/mcp/cross-talk.test.ts' },
  L4: { file: `${kit}/mcp-auth/mcp-auth.test.ts` },
  L12: {
    file: `${kit}/tokens/bounds.test.ts`,
    title: '50,000 bad tokens, no two alike, leave nothing behind and cause two fetches at most',
    because: 'A million is a case of `npm run bench` (bad-tokens), where the memory is measured too.',
  },
  M1: { file: 'test/mcp/step-up.test.ts' },
  M2: { file: 'test/mcp/step-up.test.ts' },
  M3: {
    file: `${kit}/presets/presets.test.ts`,
    because:
      'The shapes without our audience are refused, and the event has the reason; which preset fixes it is not in the event. The fields of an event are a contract with whoever stores and reads them, none of them is free text, and a reason is a word of a closed list that says what was wrong, whoever made the token: that an audience is missing or another may be an attack as well as a preset that was forgotten. The page on tokens says for each preset which reason stands there without it.',
  },
  M4: { file: 'test/mcp-auth/snippets.test.ts' },
  M5: { file: 'test/attacks/attacks.test.ts' },
}

/** Rows that are here, of which a part is elsewhere. */
const besides: Readonly<Record<string, Place>> = {
  E3: { file: 'test/attacks/resolving.test.ts' },
  E17: { file: `${kit}/mcp-auth/mcp-auth.test.ts` },
  H25: { file: `${kit}/adapters/peer-certificate.test.ts` },
  J1: { file: 'test/attacks/api-keys.test.ts' },
  K17: { file: 'test/attacks/parsers.test.ts' },
  L5: { file: 'test/attacks/verifier.test.ts' },
  L6: { file: `${kit}/telemetry.test.ts` },
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
  assert.deepEqual(
    Object.keys(besides).filter((id) => !here.has(id)),
    [],
    'nothing is said to be here that is elsewhere',
  )
})

const root = join(import.meta.dirname, '..', '..')
const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const globs = [...String(scripts.test).matchAll(/"([^"]+)"/g)].map(([, glob = '']) => glob)

for (const [id, { file, title }] of [...Object.entries(elsewhere), ...Object.entries(besides)]) {
  test(`${id} has a test in ${file}`, async () => {
    assert.ok(
      globs.some((glob) => matchesGlob(file, glob)),
      `npm test runs ${globs}`,
    )
    const titles = titlesIn(await readFile(join(root, file), 'utf8'))
    if (title !== undefined) assert.ok(titles.includes(title), `titles: ${titles.join('\n')}`)
    else assert.ok(titles.flatMap(idsIn).includes(id), `titles: ${titles.join('\n')}`)
  })
}

test('M5: the kit is tested on every runtime', async () => {
  for (const runtime of ['node-20', 'node-22', 'node-24', 'bun', 'deno', 'workerd']) {
    const file = `test/pack/kit-on-${runtime}.test.ts`
    assert.ok(globs.some((glob) => matchesGlob(file, glob)))
    assert.match(await readFile(join(root, file), 'utf8'), /^testKitOn\(/m)
  }
})

test('M3: the page on tokens says for each preset which reason events have without it', async () => {
  const page = await readFile(join(root, 'docs', 'kit', 'tokens.md'), 'utf8')
  const lines = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  for (const name of Object.keys(presets)) {
    const [, , , reason = ''] = lines.find(([, preset = '']) => preset.startsWith(`\`${name}(`)) ?? []
    assert.ok(Object.hasOwn(reasons, /^`(\w+)`/.exec(reason)?.[1] ?? ''), `${name}: ${reason}`)
  }
})

/** The titles of the tests in a file, and of their groups, that are neither commented out nor skipped; `${…}` as it is. */
function titlesIn(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '')
  const calls = code.matchAll(
    /^ *(?:test|describe)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1,(?! *\{[^}]*\b(?:skip|todo)\b)/gm,
  )
  const literals = new Set([...code.matchAll(/'([A-M]\d+)'/g)].map(([, id]) => id))
  // One title may stand for several rows, whose ids are listed before.
  return [...calls].map(([, , title = '']) => title.replace(/\$\{id\}/g, [...literals].join(' ')))
}

/** The rows that a title names, one by one or as K1–K4. */
function idsIn(title: string): string[] {
  return [...title.matchAll(/\b([A-M])(\d+)(?:–\1(\d+))?\b/g)].flatMap(([, section = '', first, last = first]) => {
    const count = Number(last) - Number(first) + 1
    return Array.from({ length: count }, (_, at) => `${section}${Number(first) + at}`)
  })
}
