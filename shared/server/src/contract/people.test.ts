import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { groupCreate } from './group.ts'
import { poolCreate, poolPatch } from './pool.ts'
import { metadata, signUpAttributes, userCreate, userPatch } from './user.ts'
import { validate } from './validate.ts'

const takes = (fields: Record<string, unknown>) => validate(userCreate, fields).ok

/** Each value alone, in a user. */
function sorted(field: string, values: readonly unknown[]) {
  return values.filter((value) => takes({ [field]: value }))
}

describe('the fields of a user', () => {
  const cases: Record<string, { readonly good: unknown[]; readonly bad: unknown[] }> = {
    preferredUsername: {
      good: ['alice', 'Alice.B-c_d', 'élodie', '爱丽丝', 'a', '42', 'x'.repeat(128), 'Ａlice', 'हिन्दी'],
      bad: [
        '',
        'a b',
        'a@b',
        '+1',
        'a/b',
        'a\u200bb',
        'a\u202eb',
        'a\u00adb',
        'a\ufe0fb',
        'a\u3164',
        '\u2100',
        'x'.repeat(129),
        7,
      ],
    },
    email: {
      good: [
        'a@b',
        'Alice.B+tag@mail.example',
        "o'neil@mail.example",
        'é@例え.example',
        `${'x'.repeat(241)}@mail.example`,
      ],
      bad: [
        '',
        'a',
        '@b',
        'a@',
        'a@b@c',
        'a b@c',
        'a@-b',
        'a@b.',
        '"a"@b',
        'a@b\n',
        'a\u200bb@c',
        '<a@b>',
        `${'x'.repeat(251)}@b.c`,
      ],
    },
    phoneNumber: {
      good: ['+8613800000000', '+4420712345', '+1234567'],
      bad: ['8613800000000', '+0123456789', '+123456', '+1234567890123456', '+86 138', '+８６13800000000', ''],
    },
    birthdate: {
      good: ['1990-12-31', '2000-02-29', '0000-02-29', '0000-12-31', '1990'],
      bad: ['1990-02-29', '0000-02-30', '1990-13-01', '1990-1-1', '31.12.1990', '90', '1990-12-31T00:00', '-1990'],
    },
    locale: {
      good: ['en', 'en-GB', 'zh-Hans-CN', 'de-CH-1901'],
      bad: ['', 'e', 'en_GB', 'en--GB', 'english speaking', '*'],
    },
    zoneinfo: { good: ['Europe/Paris', 'Asia/Shanghai', 'UTC'], bad: ['', 'Mars/Base', '+01:00', 'Europe/Paris '] },
    picture: {
      good: ['https://a.example/p.png'],
      bad: ['http://a.example/p', 'javascript:alert(1)', 'data:,x', 'a', '//a.example'],
    },
    metadata: { good: [{}, { a: [1, null, { b: 'c' }] }], bad: [[], 'a', 1, { '': 1 }, { a: 'x'.repeat(4096) }] },
    groups: {
      good: [[], ['a', 'b']],
      bad: [['a', 'a'], ['A'], 'a', Array.from({ length: 101 }, (_, index) => `g${index}`)],
    },
    status: { good: ['CONFIRMED', 'DISABLED'], bad: ['confirmed', 'ARCHIVED'] },
    name: { good: ['Alice', '爱丽丝', 'A. (B)'], bad: ['', ' a', 'a\tb', 'a\u2028b', 'x'.repeat(257)] },
  }
  for (const [field, { good, bad }] of Object.entries(cases)) {
    it(field, () => {
      assert.deepEqual(sorted(field, good), good)
      assert.deepEqual(sorted(field, bad), [])
    })
  }

  it('never take an invisible character in a name, wherever it is', () => {
    const invisible = fc.constantFrom(
      '\u200b',
      '\u200d',
      '\u2060',
      '\ufeff',
      '\u00ad',
      '\u034f',
      '\u115f',
      '\u{e0041}',
      '\u061c',
    )
    const letters = fc.string({ unit: fc.constantFrom('a', 'é', '爱', '1', '.', '-'), maxLength: 8 })
    fc.assert(
      fc.property(letters, invisible, letters, (before, character, after) => {
        assert.ok(!takes({ preferredUsername: before + character + after }))
        assert.ok(!takes({ email: `${before}${character}${after}@mail.example` }))
      }),
    )
  })

  it('are all mistakes at once, each with its mend', () => {
    const checked = validate(userCreate, {
      email: 'a',
      phoneNumber: '1',
      locale: '?',
      emailVerified: 'yes',
      pasword: 'x',
    })
    assert.ok(!checked.ok)
    assert.deepEqual(
      checked.errors.map(({ field }) => field),
      ['email', 'phoneNumber', 'locale', 'emailVerified', 'pasword'],
    )
    assert.match(checked.errors.at(-1)?.message ?? '', /did you mean "password"/)
  })

  it('that a person says of herself are but attributes', () => {
    for (const field of ['id', 'status', 'groups', 'metadata', 'emailVerified', 'phoneNumberVerified', 'password'])
      assert.ok(!validate(signUpAttributes, { preferredUsername: 'a', [field]: true }).ok, field)
  })

  it('are cleared with null, but those that cannot be', () => {
    assert.ok(validate(userPatch, { email: null, name: null, metadata: null, groups: null }).ok)
    for (const field of ['status', 'password', 'id']) assert.ok(!validate(userPatch, { [field]: null }).ok, field)
  })

  it('keep a member named __proto__ from doing anything', () => {
    const checked = validate(metadata, JSON.parse('{"__proto__": {"admin": true}, "a": 1}'))
    assert.ok(!checked.ok || !('admin' in checked.value))
    assert.equal(Reflect.get({}, 'admin'), undefined)
  })
})

describe('what pools and groups say about people', () => {
  it('is bounded', () => {
    const pool = (fields: unknown) => validate(poolCreate, { name: 'p', ...Object(fields) }).ok
    assert.ok(pool({ passwordPolicy: { minLength: 6 }, brand: {}, refreshTokenTtl: 60, refreshTokenGrace: 0 }))
    assert.ok(pool({ passwordPolicy: { minLength: 64 }, refreshTokenTtl: 315_360_000, refreshTokenGrace: 300 }))
    for (const bad of [
      { passwordPolicy: { minLength: 65 } },
      { passwordPolicy: { maxLength: 9 } },
      { brand: { logoUri: 'javascript:alert(1)' } },
      { brand: { color: 'red' } },
      { refreshTokenTtl: 315_360_001 },
      { refreshTokenGrace: -1 },
      { dynamicRegistrationEnabled: 'yes' },
      { unattendedUser: '' },
    ])
      assert.ok(!pool(bad), JSON.stringify(bad))
    assert.ok(validate(poolPatch, { passwordPolicy: { minLength: null }, brand: null, unattendedUser: null }).ok)
    assert.ok(!validate(groupCreate, { name: 'a', precedence: 1.5 }).ok)
  })
})
