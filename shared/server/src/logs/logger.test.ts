import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateApiKey } from '@postern/core'
import { generateSecret } from '../secret.ts'
import { captureLog } from '../testing/captured-log.ts'
import { createLogger } from './logger.ts'

const jwt = 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJzb21lb25lIn0.c2lnbmF0dXJlLW9mLWl0'
const apiKey = generateApiKey()
const secret = generateSecret()
const basic = Buffer.from(`demo:${secret}`).toString('base64')

/** Every way in which a credential may slip into a log line. */
const slips: Record<string, (log: ReturnType<typeof captureLog>['log']) => void> = {
  'a header, whatever its case': (log) => log.info({ req: { headers: { Authorization: `Bearer ${jwt}` } } }, 'request'),
  'a header outside headers': (log) => log.info({ authorization: `Basic ${basic}`, 'set-cookie': secret }, 'x'),
  'fields deep inside': (log) => log.info({ a: { b: { c: [{ clientSecret: secret, client_secret: secret }] } } }, 'x'),
  'other names': (log) =>
    log.info(
      { accessToken: jwt, refresh_token: secret, apiKey, adminToken: secret, encryptionKey: secret, password: secret },
      'x',
    ),
  'names of words that are typed': (log) =>
    log.info({ pwd: secret, db_pwd: secret, passphrase: secret, otp: secret, 'TOTP-code': secret, auth: secret }, 'x'),
  'JSON in a text, escaped or not': (log) =>
    log.info(
      { a: `{"api_key":"${secret}"`, b: JSON.stringify(`{"password":"${secret}"}`), c: `DB_PWD=${secret}` },
      'x',
    ),
  'a token under a harmless name': (log) => log.info({ value: jwt, other: apiKey, note: `got Bearer ${secret}` }, 'x'),
  'the message itself': (log) => log.warn(`refused ${jwt} and ${apiKey}`),
  'arguments of the message': (log) => log.warn('refused %s', `Bearer ${jwt}`),
  'a form body': (log) => log.info({ body: `grant_type=client_credentials&client_id=a&client_secret=${secret}` }, 'x'),
  'a URL with a password': (log) => log.info({ url: `postgres://me:${secret}@localhost/db` }, 'x'),
  'an error, its stack and its cause': (log) =>
    log.error({ err: new Error(`bad token ${jwt}`, { cause: new Error(`key ${apiKey}`) }) }, 'failed'),
  'an error by itself': (log) => log.error(new Error(`bad token ${jwt}`)),
  'an object in the arguments of the message': (log) => log.info('got %j', { clientSecret: secret, value: jwt }),
  'an error under err without a message': (log) => log.error({ err: new Error(`bad ${jwt}`) }),
  'codes of a sign-in': (log) => log.info({ code: secret, user_code: secret, deviceCode: secret }, 'x'),
  'fields of an error': (log) =>
    log.error({ err: Object.assign(new Error('x'), { clientSecret: secret, details: { jwt } }) }),
  'a child logger': (log) => log.child({ token: secret, nested: { value: jwt } }).info('x'),
  'a URL object, a map, bytes': (log) =>
    log.info(
      { url: new URL(`https://a:${secret}@b.example/`), map: new Map([['k', secret]]), bytes: Buffer.from(secret) },
      'x',
    ),
  'headers and env as a whole': (log) => log.info({ headers: { 'x-own': secret }, env: { OWN: secret } }, 'x'),
}

for (const [where, slip] of Object.entries(slips)) {
  test(`no credential is logged from ${where}`, () => {
    const captured = captureLog()
    slip(captured.log)
    const text = captured.text()
    assert.notEqual(text, '')
    for (const value of [jwt, apiKey, secret, basic, jwt.split('.')[1] ?? '']) assert.ok(!text.includes(value), text)
    assert.equal(captured.lines().length, 1)
  })
}

test('a number is a credential where one is typed, and a count elsewhere', () => {
  const captured = captureLog()
  captured.log.info({ otp: 123456, pin: 1234, tokens: 7, secretCount: 3, code: 12 }, 'x')
  const [line] = captured.lines()
  const { otp, pin, tokens, secretCount, code } = line ?? {}
  assert.deepEqual([otp, pin, tokens, secretCount, code], ['[hidden]', '[hidden]', 7, 3, 12])
})

test('what is no credential stays', () => {
  const captured = captureLog()
  captured.log.info(
    { requestId: 'r1', status: 401, reason: 'wrong_secret', tokenHash: 'abc', code: 12, keys: null },
    'token refused',
  )
  const [line] = captured.lines()
  assert.deepEqual(
    { ...line, time: undefined },
    {
      level: 'info',
      time: undefined,
      name: 'test',
      requestId: 'r1',
      status: 401,
      reason: 'wrong_secret',
      tokenHash: 'abc',
      code: 12,
      keys: null,
      msg: 'token refused',
    },
  )
  assert.ok(!Number.isNaN(Date.parse(String(line?.['time']))))
})

test('an error keeps its type, message, code and stack', () => {
  const captured = captureLog()
  captured.log.error({ err: Object.assign(new TypeError('broken'), { code: 'EBROKEN' }) }, 'failed')
  const err = captured.lines()[0]?.['err']
  assert.ok(typeof err === 'object' && err !== null)
  assert.equal(Reflect.get(err, 'type'), 'TypeError')
  assert.equal(Reflect.get(err, 'message'), 'broken')
  assert.equal(Reflect.get(err, 'code'), 'EBROKEN')
  assert.match(String(Reflect.get(err, 'stack')), /logger\.test\.ts/)
})

test('circles, depth and size are bounded', () => {
  const captured = captureLog()
  const circle: Record<string, unknown> = { name: 'x' }
  circle['self'] = circle
  let deep: unknown = 'bottom'
  for (let index = 0; index < 100; index += 1) deep = { deep }
  captured.log.info({ circle, deep, long: 'x'.repeat(100_000), many: Array(10_000).fill(1) }, 'x')
  assert.ok(captured.text().length < 25_000)
})

test('the level is kept', () => {
  const lines: string[] = []
  const log = createLogger({ level: 'warn', name: 'n', destination: { write: (line) => void lines.push(line) } })
  log.info('no')
  log.warn('yes')
  assert.equal(lines.length, 1)
})
