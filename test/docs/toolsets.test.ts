import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fencedBlocks } from './blocks.ts'
import { createNewcomer, type Newcomer } from './newcomer.ts'
import { assertPrinted } from './printed.ts'

const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'toolsets.md'), 'utf8')
const blocks = fencedBlocks(page)

let newcomer: Newcomer
before(async () => {
  newcomer = await createNewcomer()
})
after(() => newcomer.close())

test('docs/toolsets.md is true: its file, and every program with what it prints', async () => {
  assert.deepEqual(
    blocks.map(({ language }) => language),
    ['yaml', 'bash', 'text', 'bash', 'text', 'bash', 'text'],
  )
  const [file, ...rest] = blocks
  await writeFile(join(newcomer.folder, 'toolsets.yaml'), file?.text ?? '')
  // As in one terminal: what a block defines, those after it use.
  const programs = rest.filter(({ language }) => language === 'bash').map(({ text }) => newcomer.onOurPorts(text))
  const script = programs.map((program) => `echo '@@'\n${program}`).join('\n')
  const printed = await newcomer.run('bash', ['-c', `exec 2>&1\nset -e\n${script}`])
  const outputs = printed.split(/^@@$/m).slice(1)
  const expected = rest.filter(({ language }) => language === 'text')
  assert.equal(outputs.length, expected.length)
  for (const [index, { text, line }] of expected.entries())
    assertPrinted(outputs[index] ?? '', text, `docs/toolsets.md:${line}`)
})
