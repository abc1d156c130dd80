import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { didYouMean, suggest } from './suggest.ts'

const fields = ['clientId', 'clientType', 'redirectUris', 'scopes', 'accessTokenTtl', 'name']

test('typing errors, other spellings and swapped letters are recognised', () => {
  const near: Record<string, string> = {
    client_type: 'clientType',
    'client-id': 'clientId',
    ClientID: 'clientId',
    redirectUri: 'redirectUris',
    redirectUrls: 'redirectUris',
    scope: 'scopes',
    socpes: 'scopes',
    accessTokenTTL: 'accessTokenTtl',
    nmae: 'name',
  }
  for (const [typed, meant] of Object.entries(near)) assert.equal(suggest(typed, fields), meant, typed)
})

test('what is far from everything gets no suggestion', () => {
  for (const word of ['', 'x', 'completelyDifferent', 'password']) assert.equal(suggest(word, fields), undefined, word)
  assert.equal(didYouMean('nothing', fields), '')
  assert.equal(didYouMean('nam', fields), '; did you mean "name"?')
})

test('a suggestion is always a candidate, however long the word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.array(fc.string({ maxLength: 30 })), (word, candidates) => {
      const found = suggest(word, candidates)
      assert.ok(found === undefined || candidates.includes(found))
    }),
  )
  assert.equal(suggest('a'.repeat(1_000_000), fields), undefined)
})
