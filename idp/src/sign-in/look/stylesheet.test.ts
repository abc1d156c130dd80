import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stylesheet } from './stylesheet.ts'

test('the style sheet loads nothing else', () => {
  assert.doesNotMatch(stylesheet.text, /url\(|@import|https?:|expression\(/i)
})

test('its path names its content', () => {
  assert.match(stylesheet.path, /^\/assets\/style\.[A-Za-z0-9_-]{16}\.css$/)
})

test('its braces are balanced', () => {
  assert.equal(stylesheet.text.split('{').length, stylesheet.text.split('}').length)
})
