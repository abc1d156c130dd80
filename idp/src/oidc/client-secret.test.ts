import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashSecret } from '@postern/server'
import type { HotClient, HotSecret } from '../directory/types.ts'
import { matchSecret } from './client-secret.ts'
import { hotClient } from './test-records.ts'

const secret = (id: string, text: string, expiresAt: number | null = null): HotSecret => ({
  id,
  hash: hashSecret(text),
  expiresAt,
})

function clientWith(...secrets: HotSecret[]): HotClient {
  return hotClient({ secrets })
}

test('each of two live secrets is found', () => {
  const client = clientWith(secret('one', 'first'), secret('two', 'second'))
  assert.equal(matchSecret(client, 'first', 0)?.id, 'one')
  assert.equal(matchSecret(client, 'second', 0)?.id, 'two')
  assert.equal(matchSecret(client, 'third', 0), undefined)
  assert.equal(matchSecret(client, '', 0), undefined)
})

test('a secret that has expired is none, from that very moment on', () => {
  const client = clientWith(secret('old', 'old', 1000), secret('new', 'new'))
  assert.equal(matchSecret(client, 'old', 999)?.id, 'old')
  assert.equal(matchSecret(client, 'old', 1000), undefined)
  assert.equal(matchSecret(client, 'new', 1000)?.id, 'new')
})

test('whoever has no secret matches nothing', () => {
  for (const presented of ['', '-', 'undefined', hashSecret('')]) {
    assert.equal(matchSecret(clientWith(), presented, 0), undefined)
    assert.equal(matchSecret(undefined, presented, 0), undefined)
  }
})
