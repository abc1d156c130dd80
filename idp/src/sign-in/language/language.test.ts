import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { documentOf, html } from '../html/html.ts'
import { chooseLanguage } from './choose-language.ts'
import { en } from './en.ts'
import { wordingOf } from './wording.ts'
import { zh } from './zh.ts'

const placeholders = (text: string): string[] => [...text.matchAll(/\{[^}]*\}/g)].map(([found]) => found).sort()

test('both languages have the same texts with the same placeholders, and none is empty', () => {
  assert.deepEqual(Object.keys(zh), Object.keys(en))
  for (const [key, text] of Object.entries(en)) {
    const other: string = zh[key as keyof typeof en]
    assert.notEqual(text, '', key)
    assert.notEqual(other, '', key)
    assert.deepEqual(placeholders(other), placeholders(text), key)
    for (const found of placeholders(text)) assert.match(found, /^\{[a-zA-Z]+\}$/, key)
  }
})

test('Chinese texts are written with Chinese punctuation', () => {
  for (const [key, text] of Object.entries(zh)) assert.doesNotMatch(text, /[一-鿿}][,;:?!]/, key)
})

test('the language that the client names goes before that of the browser; English is the last resort', () => {
  const rows: [uiLocales: string | undefined, acceptLanguage: string | undefined, expected: 'en' | 'zh'][] = [
    [undefined, undefined, 'en'],
    ['', '', 'en'],
    [undefined, 'zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    [undefined, 'en-GB,en;q=0.9,zh;q=0.8', 'en'],
    [undefined, 'en;q=0.2, ZH-Hant-TW ; q=0.7', 'zh'],
    [undefined, 'zh;q=0, en;q=0.1', 'en'],
    [undefined, 'fr-FR, de;q=0.9, *;q=0.5', 'en'],
    [undefined, 'fr, zh;q=0.1', 'zh'],
    ['zh-CN en', 'en', 'zh'],
    ['fr en', 'zh', 'en'],
    ['fr', 'zh', 'zh'],
  ]
  for (const [uiLocales, acceptLanguage, expected] of rows) {
    assert.equal(chooseLanguage({ uiLocales, acceptLanguage }), expected, `${uiLocales} ${acceptLanguage}`)
  }
})

test('any wish ends in a language', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 3000 }), fc.string({ maxLength: 3000 }), (uiLocales, acceptLanguage) => {
      assert.ok(['en', 'zh'].includes(chooseLanguage({ uiLocales, acceptLanguage })))
    }),
  )
})

test('placeholders are filled once, with text or with markup', () => {
  const wording = wordingOf('en')
  assert.equal(wording.say('confirm.text', { name: '{name}' }).includes('to {name}.'), true)
  const marked = wording.mark('signIn.purpose', { client: html`<b>${'<A>'}</b>` })
  assert.equal(documentOf(marked), 'to continue to <b>&lt;A&gt;</b>')
})
