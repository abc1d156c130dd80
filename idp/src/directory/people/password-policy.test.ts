import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultPasswordPolicy as policy } from '@postern/server'
import fc from 'fast-check'
import { normalPassword, passwordFaults } from './password-policy.ts'

const says = (password: string, names: string[] = [], rules = policy) =>
  passwordFaults(rules, password, names).map(({ message }) => message)

describe('the policy of passwords', () => {
  it('takes what has everything', () => {
    assert.deepEqual(says('Abcdefg1'), [])
    assert.deepEqual(says('Äöüßéèêа1'), [])
  })

  it('names each thing that is missing', () => {
    assert.deepEqual(says('', [], { ...policy, requireSymbols: true }), [
      'must have at least 8 characters',
      'needs an upper-case letter',
      'needs a lower-case letter',
      'needs a digit',
      'needs a symbol, such as ! or #',
    ])
    assert.deepEqual(says('abcdefg1'), ['needs an upper-case letter'])
    assert.deepEqual(says('ABCDEFG1'), ['needs a lower-case letter'])
    assert.deepEqual(says('Abcdefgh'), ['needs a digit'])
    assert.deepEqual(says('Abcdef1'), ['must have at least 8 characters'])
    assert.deepEqual(says('Abcdefg1\0'), ['must not hold control characters'])
    assert.deepEqual(says(`Aa1${'x'.repeat(254)}`), ['has more than 256 characters; shorten it'])
  })

  it('refuses a name of the user, in any spelling', () => {
    assert.deepEqual(says('Alice-2000', ['ALICE-2000']), ['must not be a name of the user; choose another'])
    assert.deepEqual(says('Alice-2000', ['alice']), [])
  })

  it('counts characters, not units', () => {
    assert.deepEqual(says('Aa1\u{1f511}\u{1f511}\u{1f511}\u{1f511}'), ['must have at least 8 characters'])
  })

  it('says the same of every way to type a password', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (password) => {
        assert.equal(normalPassword(password.normalize('NFD')), normalPassword(password))
        assert.deepEqual(says(password.normalize('NFD')), says(password))
        assert.equal(normalPassword(normalPassword(password)), normalPassword(password))
      }),
    )
  })

  it('takes a password exactly when every rule that is on is met', () => {
    const rules = fc.record({
      minLength: fc.integer({ min: 6, max: 20 }),
      requireUppercase: fc.boolean(),
      requireLowercase: fc.boolean(),
      requireNumbers: fc.boolean(),
      requireSymbols: fc.boolean(),
    })
    const password = fc.string({ unit: fc.constantFrom('a', 'B', '1', '!', '-', 'é'), maxLength: 24 })
    fc.assert(
      fc.property(rules, password, (on, given) => {
        const met =
          given.length >= on.minLength &&
          (!on.requireUppercase || given.includes('B')) &&
          (!on.requireLowercase || /[aé]/.test(given)) &&
          (!on.requireNumbers || given.includes('1')) &&
          (!on.requireSymbols || /[!-]/.test(given.replace(/[aBé1]/g, '')))
        assert.equal(says(given, [], on).length === 0, met)
      }),
    )
  })
})
