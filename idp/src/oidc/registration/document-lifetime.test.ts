import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshFor } from './document-lifetime.ts'

const minute = 60_000
const now = Date.parse('Sun, 22 Nov 2026 08:00:00 GMT')

test('what the headers say, within bounds', () => {
  const table: readonly (readonly [Record<string, string>, number])[] = [
    [{}, 10 * minute],
    [{ 'cache-control': 'max-age=300' }, 5 * minute],
    [{ 'cache-control': 'public, Max-Age="300"' }, 5 * minute],
    [{ 'cache-control': 'max-age=300', age: '120' }, 3 * minute],
    [{ 'cache-control': 'max-age=300', expires: 'Sun, 22 Nov 2026 20:00:00 GMT' }, 5 * minute],
    [{ 'cache-control': 'max-age=1' }, minute],
    [{ 'cache-control': 'max-age=-5' }, minute],
    [{ 'cache-control': 'max-age=soon' }, minute],
    [{ 'cache-control': 'no-store' }, minute],
    [{ 'cache-control': 'no-cache, max-age=900' }, minute],
    [{ 'cache-control': 'max-age=9999999999' }, 24 * 60 * minute],
    [{ 'cache-control': 'max-age=99999999999999999999' }, minute],
    [{ 'cache-control': 'stale-max-age=900' }, 10 * minute],
    [{ expires: 'Sun, 22 Nov 2026 08:07:00 GMT' }, 7 * minute],
    [{ expires: 'Sun, 22 Nov 2026 08:07:00 GMT', date: 'Sun, 22 Nov 2026 08:02:00 GMT' }, 5 * minute],
    [{ expires: '0' }, minute],
    [{ expires: 'Sun, 22 Nov 2020 08:07:00 GMT' }, minute],
  ]
  for (const [headers, expected] of table) {
    assert.equal(freshFor(new Headers(headers), now), expected, JSON.stringify(headers))
  }
})
