import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mergedName, splitName } from './names.ts'

const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/)
const hex = fc.stringMatching(/^[0-9a-f]{24}$/)
const name = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.stringMatching(/^[a-z_]{0,8}$/),
  // Near the bound, with an end like that of a name that was cut.
  fc.tuple(fc.stringMatching(/^[a-z]{60,130}$/), hex).map(([start, end]) => `${start}.${end}`),
)

test('a merged name is split into what it was made of, or tells that it was cut', () => {
  fc.assert(
    fc.property(id, name, (serviceId, own) => {
      const merged = mergedName(serviceId, own)
      assert.ok(merged.length <= 128)
      const place = splitName(merged)
      assert.equal(place?.serviceId, serviceId)
      if (place !== undefined && 'name' in place) assert.equal(place.name, own)
      else assert.deepEqual(place, { serviceId, shortened: merged })
    }),
    { numRuns: 2000 },
  )
})

test('no two names become one', () => {
  fc.assert(
    fc.property(fc.tuple(id, name), fc.tuple(id, name), ([a, x], [b, y]) => {
      fc.pre(a !== b || x !== y)
      assert.notEqual(mergedName(a, x), mergedName(b, y))
    }),
    { numRuns: 2000 },
  )
})

test('a name that looks like one that was cut does not take its place', () => {
  const long = 'n'.repeat(130)
  const cut = mergedName('svc', long)
  assert.equal(cut.length, 128)
  assert.match(cut, /^svc__n{98}\.[0-9a-f]{24}$/)
  assert.equal(mergedName('svc', long), cut, 'the same each time')
  const impostor = cut.slice('svc__'.length)
  assert.notEqual(mergedName('svc', impostor), cut)
})

test('what was never merged leads nowhere', () => {
  for (const wrong of ['', 'echo', '__echo', 'svc_echo', 'svc＿＿echo', `svc__${'x'.repeat(124)}`]) {
    assert.equal(splitName(wrong), undefined, wrong)
  }
})
