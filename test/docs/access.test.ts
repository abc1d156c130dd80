import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fencedBlocks } from './blocks.ts'
import { createNewcomer, type Newcomer } from './newcomer.ts'
import { assertPrinted } from './printed.ts'

const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'access.md'), 'utf8')
const blocks = fencedBlocks(page)

let newcomer: Newcomer
before(async () => {
  newcomer = await createNewcomer()
})
after(() => newcomer.close())

test('docs/access.md is true: its file, and every program with what it prints', async () => {
  assert.deepEqual(
    blocks.map(({ language }) => language),
    ['yaml', 'bash', 'text', 'bash', 'text', 'bash', 'text', 'bash', 'text'],
  )
  const [file, ...rest] = blocks
  await writeFile(join(newcomer.folder, 'access.yaml'), file?.text ?? '')
  // As in one terminal: what a block defines, those after it use.
  let before = ''
  for (const [index, { language, text }] of rest.entries()) {
    if (language !== 'bash') continue
    const program = `${before}\necho ---\n${text}`
    const printed = await newcomer.run('bash', ['-c', `exec 2>&1\nset -e\n${newcomer.onOurPorts(program)}`])
    const expected = rest[index + 1]
    assert.ok(expected)
    assertPrinted(
      printed.slice(printed.lastIndexOf('---')),
      newcomer.onOurPorts(expected.text),
      `docs/access.md:${expected.line}`,
    )
    before += `\n${text.replace(/^(call|api [A-Z]+|field|npx|sleep) .*$/gm, '')}`
  }
})
