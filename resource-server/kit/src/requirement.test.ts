import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from './refusal.ts'
import { advertised, checkScopes, combineRequirements, type RequiredScopes } from './requirement.ts'

function passes(granted: string[], ...required: RequiredScopes[]): boolean {
  try {
    checkScopes(combineRequirements(...required), new Set(granted))
    return true
  } catch (error) {
    assert.ok(error instanceof Refusal && error.reason === 'insufficient_scope')
    return false
  }
}

test('all scopes of a list are needed, compared to the letter', () => {
  assert.ok(passes(['read', 'write'], ['read', 'write']))
  assert.ok(passes([], []))
  for (const granted of [[], ['read'], ['readwrite'], ['rea', 'writ'], ['READ', 'WRITE']]) {
    assert.ok(!passes(granted, ['read', 'write']))
  }
})

test('one of anyOf is enough, for each of the sets', () => {
  assert.ok(passes(['b'], { anyOf: ['a', 'b'] }))
  assert.ok(!passes(['c'], { anyOf: ['a', 'b'] }))
  assert.ok(!passes(['a'], { anyOf: ['a', 'b'] }, ['c']))
  assert.ok(!passes(['a'], { anyOf: ['a', 'b'] }, { anyOf: ['c', 'd'] }))
  assert.ok(passes(['a', 'd', 'c'], { anyOf: ['a', 'b'] }, { anyOf: ['c', 'd'] }))
})

test('a challenge names all that is needed once, and of anyOf the first', () => {
  assert.equal(combineRequirements(['read', 'write'], ['write', 'delete']).challenge, 'read write delete')
  assert.equal(combineRequirements(['read'], { anyOf: ['a', 'b'] }).challenge, 'read a')
  assert.equal(combineRequirements([], undefined).challenge, undefined)
})

test('openid and offline_access are never asked for', () => {
  assert.equal(combineRequirements(['openid', 'offline_access']).challenge, undefined)
  assert.deepEqual(advertised(['openid', 'read', 'offline_access', 'read']), ['read'])
})
