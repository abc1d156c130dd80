import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { everyPage } from './every-page.model.ts'
import { stylesheet } from './look/stylesheet.ts'

const calm = everyPage('x')

test('whatever strangers write, the markup of every page stays the same', () => {
  const expected = new Map([...calm].map(([name, page]) => [name, skeletonOf(page)]))
  const pieces = fc.constantFrom(
    '<script>',
    '"',
    "'",
    '`',
    '>',
    '<!--',
    '&lt;',
    '</p>',
    '\\',
    '\0',
    ' onload=',
    '\u2028',
  )
  const hostile = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', minLength: 1, maxLength: 8 })), {
    maxLength: 6,
  })
  fc.assert(
    fc.property(hostile, (parts) => {
      // Begins with a letter, for an empty text may leave out what it would stand in.
      for (const [name, page] of everyPage(`x${parts.join('')}`)) assert.deepEqual(skeletonOf(page), expected.get(name))
    }),
  )
})

test('the check above sees an injected element and an injected attribute', () => {
  assert.notDeepEqual(skeletonOf('<p>a<b></p>'), skeletonOf('<p>a</p>'))
  assert.notDeepEqual(skeletonOf('<p class="a" id="b">'), skeletonOf('<p class="a">'))
})

test('nothing is inline: no script, no style, no handler, no address but of the pool itself', () => {
  for (const [name, page] of calm) {
    assert.doesNotMatch(page, /<(?:script|style|iframe|object|embed|base|svg)|\sstyle=|\son\w+=|javascript:/i, name)
    for (const [, address] of page.matchAll(/\s(?:href|action|formaction)="([^"]*)"/g)) {
      assert.match(address ?? '', name === 'no pool' ? /^\/pools\/-\// : /^\/pools\/staff\//, name)
    }
    const images = [...page.matchAll(/<img [^>]*src="([^"]*)"/g)].map(([, address]) => address)
    assert.deepEqual(images, name === 'logo' ? ['https://logo.example/a.svg'] : [])
  }
})

test('every page says its language, has one main and one h1, a title, and its style sheet', () => {
  for (const language of ['en', 'zh'] as const) {
    for (const [name, page] of everyPage('x', language)) {
      const tag = language === 'en' ? 'en' : 'zh-CN'
      assert.ok(page.startsWith(`<!doctype html>\n<html lang="${tag}">`), name)
      assert.equal(page.match(/<main[ >]/g)?.length, 1, name)
      assert.equal(page.match(/<h1>/g)?.length, 1, name)
      assert.match(page, /<title>[^<]+<\/title>/, name)
      const sheets = [...page.matchAll(/<link rel="stylesheet" href="([^"]*)">/g)].map(([, address]) => address)
      assert.deepEqual(sheets, [`/pools/${name === 'no pool' ? '-' : 'staff'}${stylesheet.path}`])
    }
  }
})

test('no text is left without its words', () => {
  for (const language of ['en', 'zh'] as const) {
    for (const [name, page] of everyPage('x', language)) {
      assert.doesNotMatch(page, /[{}]|undefined|null|\[object|NaN/, name)
    }
  }
})

test('a page that goes on does so at once, by itself and by a link to the same place, and no other page does', () => {
  for (const [name, page] of calm) {
    const [, to] = /<meta http-equiv="refresh" content="0; url=([^"]*)">/.exec(page) ?? []
    assert.equal(to, name === 'go on' ? '/pools/staff/sign-in/uid' : undefined, name)
    assert.ok(to === undefined || page.includes(`<a href="${to}">`), name)
  }
})

test('every form is posted with a token, and every field has a label, a purpose and its own problem', () => {
  for (const [name, page] of calm) {
    for (const [form] of page.matchAll(/<form [\s\S]*?<\/form>/g)) {
      assert.match(form, /^<form method="post" action="/, name)
      assert.match(form, /<input type="hidden" name="(?:csrf|xsrf)" value="x">/, name)
    }
    for (const [input] of page.matchAll(/<input [^>]*>/g)) {
      const { id, type, autocomplete, ...field } = attributesOf(input)
      if (type === 'hidden' || 'hidden' in field) continue
      assert.ok(page.includes(`<label for="${id}">`), `${name}: ${input}`)
      assert.ok(type === 'checkbox' || autocomplete !== undefined, `${name}: ${input}`)
      for (const described of field['aria-describedby']?.split(' ') ?? []) {
        assert.ok(page.includes(`id="${described}"`), `${name}: ${input}`)
      }
      assert.equal('aria-invalid' in field, page.includes(`id="${id}-problem"`), `${name}: ${input}`)
    }
  }
})

test('at most one field is focused, and ids are there once', () => {
  for (const [name, page] of calm) {
    assert.ok((page.match(/ autofocus/g) ?? []).length <= 1, name)
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    assert.equal(new Set(ids).size, ids.length, name)
  }
})

test('a password is never sent back', () => {
  for (const page of calm.values()) {
    for (const [input] of page.matchAll(/<input [^>]*type="password"[^>]*>/g)) {
      assert.equal(attributesOf(input)['value'], undefined)
    }
  }
})

/** Tags with the names of their attributes, in order: what a parser would make of the page, less its texts. */
function skeletonOf(page: string): string[] {
  return [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/="[^"]*"/g, '=""'))
}

function attributesOf(tag: string): Record<string, string | undefined> {
  return Object.fromEntries(
    [...tag.matchAll(/ ([a-z-]+)(?:="([^"]*)")?/g)].map(([, name, value]) => [name, value ?? '']),
  )
}
