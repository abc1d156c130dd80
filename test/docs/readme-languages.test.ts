import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { differences, sectionsOf } from './languages.ts'

const root = join(import.meta.dirname, '..', '..')
const english = await readFile(join(root, 'README.md'), 'utf8')
const chinese = await readFile(join(root, 'README.zh-CN.md'), 'utf8')
const [toChinese, toEnglish] = ['[中文](README.zh-CN.md)', '[English](README.md)']

test('the README is the same in both languages: sections, commands, snippets, names, links', () => {
  assert.deepEqual(differences(english.replace(toChinese, toEnglish), chinese), [])
})

test('each begins with a link to the other', () => {
  assert.equal(english.split('\n')[2], toChinese)
  assert.equal(chinese.split('\n')[2], toEnglish)
})

test('every heading and every paragraph of the Chinese one is Chinese', () => {
  const headings = sectionsOf(chinese).map(({ heading }) => heading)
  assert.deepEqual(
    headings.filter((heading) => !/\p{Script=Han}/u.test(heading)),
    ['Postern'],
  )
  const prose = chinese.replaceAll(/^```[\s\S]*?^```$/gm, '').split(/\n\s*\n/)
  const foreign = prose.filter((text) => text.trim() !== '' && !/^(#| {4})/.test(text) && !/\p{Script=Han}/u.test(text))
  assert.deepEqual(foreign, [toEnglish])
})

test('what differs is told with its place', () => {
  const page =
    '# A\n\nText with `code` and [a link](x.md).\n\n```sh\n# no heading\nrun\n```\n\n## B\n\n| a |\n|---|\n| b |\n'
  assert.deepEqual(differences(page, page), [])
  const changes: [from: string, to: string, told: RegExp][] = [
    ['run', 'run --fast', /^section 1, "A" and "A": block 1 is not the same, byte for byte, in ```sh # no heading$/],
    ['`code`', 'code', /^section 1, "A" and "A": code code is missing in the second$/],
    ['x.md', 'y.md', /^section 1, "A" and "A": links x\.md is missing in the second$/],
    ['## B', '### B', /^section 2, "B" and "B": level 2 and 3$/],
    ['| b |\n', '', /^section 2, "B" and "B": tableRows 3 and 2$/],
    ['\n\n## B', '\n\nMore.\n\n## B', /^section 1, "A" and "A": paragraphs 1 and 2$/],
    ['## B', 'B', /^section 1, "A" and "A": tableRows 0 and 3$/],
  ]
  for (const [from, to, told] of changes) {
    const changed = page.replace(from, to)
    assert.notEqual(changed, page)
    assert.ok(
      differences(page, changed).some((one) => told.test(one)),
      differences(page, changed).join('\n'),
    )
  }
  assert.match(
    differences(page, page.slice(0, page.indexOf('## B'))).join('\n'),
    /section 2, "B" and "": one of them is missing/,
  )
})
