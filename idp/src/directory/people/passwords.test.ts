import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPasswordStock, HashesWanted } from './password-stock.ts'
import { createPasswords } from './passwords.ts'
import { cheap } from './people-fixture.ts'
import { parsePhc, phcProblem } from './phc.ts'

// Made by the reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32 -e
const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'

describe('passwords', () => {
  it('are hashed at the cost that OWASP names, each with a salt of its own', async () => {
    const passwords = createPasswords()
    const first = await passwords.hash('Correct-horse-7')
    assert.match(first, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    assert.notEqual(await passwords.hash('Correct-horse-7'), first)
    assert.equal(await passwords.verify('Correct-horse-7', first), true)
    assert.equal(await passwords.verify('correct-horse-7', first), false)
  })

  it('are the same however an accent is typed', async () => {
    const passwords = createPasswords(cheap)
    assert.equal(await passwords.verify('Cafe\u0301', await passwords.hash('Caf\u00e9')), true)
  })

  it('fit a hash of the reference implementation', async () => {
    assert.equal(await createPasswords().verify('password', reference), true)
  })

  it('fit nobody', async () => {
    const passwords = createPasswords(cheap)
    assert.equal(await passwords.verify('', passwords.nobody()), false)
  })

  it('are outdated once new ones cost more', async () => {
    const old = await createPasswords(cheap).hash('a')
    assert.equal(createPasswords(cheap).isOutdated(old), false)
    assert.equal(createPasswords({ ...cheap, passes: 2 }).isOutdated(old), true)
  })
})

describe('a PHC string', () => {
  const good = '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

  it('is read', () => {
    const { memory, passes, lanes, salt, tag } = parsePhc(good) ?? assert.fail()
    assert.deepEqual([memory, passes, lanes, salt.length, tag.length], [19_456, 2, 1, 16, 32])
    assert.equal(phcProblem(good), undefined)
  })

  it('is refused where it is another, malformed, too cheap or too dear', () => {
    const cases: [string, RegExp][] = [
      ['', /PHC string/],
      [good.replace('argon2id', 'argon2i'), /PHC string/],
      [good.replace('v=19', 'v=16'), /PHC string/],
      ['$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', /PHC string/],
      [`${good}=`, /PHC string/],
      [`${good}\n`, /PHC string/],
      [good.replace(/A\$/, 'B$'), /PHC string/],
      [good.replace('m=19456', 'm=019456'), /PHC string/],
      [good.replace('m=19456', 'm=4096'), /m from 7168 to 65536/],
      [good.replace('m=19456', 'm=999999'), /m from 7168 to 65536/],
      [good.replace('t=2', 't=11'), /t of at most 10/],
      [good.replace('p=1', 'p=5'), /p of at most 4/],
    ]
    for (const [text, expected] of cases) assert.match(phcProblem(text) ?? '', expected, text)
  })
})

describe('a stock of hashes', () => {
  it('lets the work be run again once, however many are wanted', async () => {
    const stock = createPasswordStock(createPasswords(cheap))
    const run = () => ['a', 'b', 'a'].map((password) => stock.take(password))
    run()
    assert.throws(() => stock.settle(), HashesWanted)
    await stock.fill()
    const hashes = run()
    stock.settle()
    assert.equal(new Set(hashes).size, 3)
    for (const [index, password] of ['a', 'b', 'a'].entries()) {
      assert.equal(await createPasswords(cheap).verify(password, hashes[index] ?? ''), true)
    }
  })
})
