import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OAuthError, type OAuthErrorCode } from './oauth-error.ts'

test('an error knows its status, and may be told another', () => {
  const cases: [OAuthErrorCode, number][] = [
    ['invalid_token', 401],
    ['invalid_client', 401],
    ['insufficient_scope', 403],
    ['access_denied', 403],
    ['invalid_target', 400],
    ['temporarily_unavailable', 503],
    ['server_error', 500],
  ]
  for (const [code, status] of cases) assert.equal(new OAuthError(code, 'because').status, status)
  const error = new OAuthError('invalid_request', 'name one resource', 413)
  assert.ok(error instanceof Error)
  assert.deepEqual(
    [error.code, error.description, error.status, error.message],
    ['invalid_request', 'name one resource', 413, 'invalid_request: name one resource'],
  )
})
