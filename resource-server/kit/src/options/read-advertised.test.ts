import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { readOptions } from './read-options.ts'
import type { IssuerOptions } from './types.ts'

function advertise(...advertised: IssuerOptions['advertisedScopes'][]): (scope: string) => string {
  const issuers = advertised.map((advertisedScopes, index) => ({
    issuer: `https://as${index}.example`,
    ...(advertisedScopes === undefined ? {} : { advertisedScopes }),
  }))
  return readOptions({ resource: 'https://mcp.example/mcp', issuers }).advertise
}

function throwsFor(option: string, call: () => unknown): void {
  assert.throws(call, (error) => error instanceof ConfigError && error.option === option, option)
}

test('a scope as clients ask for it: by an object, by a function, or as it is', () => {
  assert.equal(advertise(undefined)('read'), 'read')
  assert.equal(advertise({ read: 'api://x/read' })('read'), 'api://x/read')
  assert.equal(advertise({ read: 'api://x/read' })('write'), 'write')
  assert.equal(advertise({ read: 'api://x/read' })('constructor'), 'constructor')
  assert.equal(advertise((scope) => `api://x/${scope}`)('read'), 'api://x/read')
})

test('what is no scope is refused, at the start or when it is first shown', () => {
  throwsFor('issuers[0].advertisedScopes.read', () => advertise({ read: 'a b' }))
  throwsFor('issuers[0].advertisedScopes', () => advertise(() => 'a"b')('read'))
})

test('issuers that say it must agree; others do not count', () => {
  assert.equal(advertise(undefined, { read: 'r' })('read'), 'r')
  assert.equal(advertise({ read: 'r' }, { read: 'r', write: 'w' })('write'), 'w')
  throwsFor('issuers[1].advertisedScopes', () => advertise({ read: 'r' }, { read: 'other' })('read'))
})
