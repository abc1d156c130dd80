import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSettings } from '../config/settings.ts'
import { accessKeysOf } from './access-keys.ts'

const production = {
  POSTERN_MODE: 'production',
  POSTERN_IDP_URL: 'https://idp.example',
  POSTERN_GATEWAY_URL: 'https://mcp.example',
  POSTERN_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64url'),
}
const pair = (id: string, secret: string) => ({ POSTERN_ACCESS_KEY_ID: id, POSTERN_SECRET_ACCESS_KEY: secret })

test('keys of the settings come first, and stand before those of the seed with their id', () => {
  const settings = readSettings(pair('a', 'x'.repeat(16)), 'idp')
  const seeded = ['a', 'b'].map((accessKeyId) => ({ accessKeyId, secretAccessKey: 'y'.repeat(16) }))
  const keys = accessKeysOf(settings, { accessKeys: seeded })
  assert.deepEqual(keys, [{ accessKeyId: 'a', secretAccessKey: 'x'.repeat(16) }, seeded[1]])
  assert.deepEqual(accessKeysOf(readSettings({}, 'gateway'), undefined), [])
})

test('production takes no short secret, from variables or from a seed', () => {
  assert.throws(() => readSettings({ ...production, ...pair('a', 'x'.repeat(31)) }, 'idp'), /at least 32 characters/)
  const settings = readSettings({ ...production, ...pair('a', 'x'.repeat(32)) }, 'idp')
  const seeded = [{ accessKeyId: 'b', secretAccessKey: 'y'.repeat(31) }]
  assert.throws(() => accessKeysOf(settings, { accessKeys: seeded }), {
    name: 'StartError',
    message: 'accessKeys[0].secretAccessKey needs at least 32 characters in production',
  })
})

test('a half pair, or one that cannot stand in a header, is refused without its value', () => {
  const mistakes = [
    [{ POSTERN_ACCESS_KEY_ID: 'a' }, /POSTERN_ACCESS_KEY_ID needs POSTERN_SECRET_ACCESS_KEY beside it/],
    [{ POSTERN_SECRET_ACCESS_KEY: 'top-secret-value-1' }, /POSTERN_SECRET_ACCESS_KEY needs POSTERN_ACCESS_KEY_ID/],
    [pair('a/b', 'top-secret-value-1'), /POSTERN_ACCESS_KEY_ID must be/],
    [pair('a', 'top-secret'), /POSTERN_SECRET_ACCESS_KEY must be 16 to/],
  ] as const
  for (const [env, says] of mistakes) {
    assert.throws(
      () => readSettings(env, 'gateway'),
      (error: Error) => says.test(error.message) && !error.message.includes('top-secret'),
    )
  }
})
