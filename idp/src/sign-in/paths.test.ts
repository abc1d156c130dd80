import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStepPath, stepNames, stepPath } from './paths.ts'

test('a path of a page means that page', () => {
  for (const name of stepNames) {
    assert.deepEqual(parseStepPath(stepPath('V1StGXR8_Z5jdHi6B-myT', name)), { uid: 'V1StGXR8_Z5jdHi6B-myT', name })
  }
})

test('any other path means none', () => {
  const others = ['/sign-in', '/sign-in/', '/sign-in/u/', '/sign-in/u/consent/', '/sign-in/u/x', '/sign-in/u/toString']
  const odd = [
    '/sign-in/u/Consent',
    '/sign-in/u//consent',
    '/sign-in/a%2Fb',
    '/sign-in/a.b',
    '/sign-in/u\n',
    'x/sign-in/u',
  ]
  for (const path of [...others, ...odd, `/sign-in/${'u'.repeat(65)}`]) {
    assert.equal(parseStepPath(path), undefined, path)
  }
})
