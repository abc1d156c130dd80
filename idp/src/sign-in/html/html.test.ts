import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { attributes } from './attributes.ts'
import { documentOf, html } from './html.ts'

test('strings are escaped in text and in quoted attributes', () => {
  const text = `<b>"a" & 'b' \`c\`</b>`
  const safe = '&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39; &#96;c&#96;&lt;/b&gt;'
  assert.equal(
    documentOf(html`<p class="${text}" id='${text}'>${text}</p>`),
    `<p class="${safe}" id='${safe}'>${safe}</p>`,
  )
})

test('templates and lists of them nest; nothing stands for null, undefined and false', () => {
  const items = ['a', '<', html`<b>${'&'}</b>`].map((item) => html`<li>${item}</li>`)
  const page = html`<ul>${items}</ul>${null}${undefined}${false}${0}${['x', ['y', false]]}`
  assert.equal(documentOf(page), '<ul><li>a</li><li>&lt;</li><li><b>&amp;</b></li></ul>0xy')
})

test('attributes are quoted, escaped, left out or alone', () => {
  const given = attributes({ class: 'a "b"', id: 7, required: true, disabled: false, title: undefined })
  assert.equal(documentOf(html`<input ${given}>`), '<input class="a &quot;b&quot;" id="7" required>')
})

test('a value in a place where no escape helps is an error', () => {
  const value = 'x'
  const made: Record<string, () => unknown> = {
    'unquoted attribute': () => html`<p class=${value}>`,
    'name of a tag': () => html`<${value}>`,
    'name of an attribute': () => html`<p ${value}="x">`,
    'text between attributes': () => html`<p ${value}>`,
    'markup between attributes': () => html`<p ${html`class="x"`}>`,
    'markup in an attribute': () => html`<p class="${html`<b>`}">`,
    'attributes in text': () => html`<p>${attributes({ id: 'x' })}</p>`,
    script: () => html`<script>${value}</script>`,
    style: () => html`<STYLE>${value}</STYLE>`,
    comment: () => html`<!-- ${value} -->`,
    handler: () => html`<p onclick="${value}">`,
    'style attribute': () => html`<p style='color: ${value}'>`,
    address: () => html`<a href="${value}">`,
    'address after a prefix': () => html`<a href="java${value}">`,
    'end inside a tag': () => html`<p class="${value}"`,
  }
  for (const [place, make] of Object.entries(made)) assert.throws(make, TypeError, place)
})

test('addresses are paths of this origin or http(s), and neither handlers nor styles are attributes', () => {
  for (const href of ['/pools/a', 'https://a.example/', 'http://localhost:1/', '#top']) {
    assert.equal(documentOf(html`<a ${attributes({ href })}>`), `<a href="${href}">`)
  }
  const others = [
    'javascript:alert(1)',
    ' javascript:x',
    'JAVASCRIPT:x',
    'data:text/html,x',
    '//a.example',
    '/\\a',
    'x',
    '',
  ]
  for (const address of others) {
    for (const name of ['href', 'src', 'action', 'formaction']) {
      assert.throws(() => attributes({ [name]: address }), TypeError, `${name}="${address}"`)
    }
  }
  for (const name of ['onclick', 'style', 'srcdoc', 'a b', 'A', '"']) {
    assert.throws(() => attributes({ [name]: 'x' }), TypeError, name)
  }
})

test('a link may lead to an application, by a scheme with a dot, and nothing else may', () => {
  for (const href of ['com.example.app:/signed-out', 'com.example.app://done?a=1&b=2']) {
    assert.equal(documentOf(html`<a ${attributes({ href })}>`), `<a href="${href.replaceAll('&', '&amp;')}">`)
    for (const name of ['src', 'action', 'formaction']) assert.throws(() => attributes({ [name]: href }), TypeError)
  }
  for (const href of ['.a:/x', 'javascript:a.b', 'data.:', '\tcom.example:/x', 'a.b']) {
    assert.throws(() => attributes({ href }), TypeError, href)
  }
})

test('what comes out of an escape is what went in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = documentOf(html`${text}`)
      assert.doesNotMatch(escaped, /[<>"'`\0]/)
      assert.equal(withoutEscapes(escaped), text.toWellFormed().replaceAll('\0', '\ufffd'))
    }),
  )
})

function withoutEscapes(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#96;', '`')
    .replaceAll('&amp;', '&')
}
