import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import { createIssuers, type TrustedIssuer } from './issuers.ts'

function issuer(name: string): TrustedIssuer {
  return { issuer: `https://${name}.example`, discoveryUrl: `https://${name}.example/.well-known/openid-configuration` }
}

/** Issuers whose checks answer as the test says, and which wait until the test lets them. */
function bench(answers: (string | undefined)[]) {
  const asked: string[] = []
  const waits: { ms: number; over: () => void }[] = []
  const results: string[] = []
  const issuers = createIssuers({
    async check(one) {
      asked.push(one.issuer)
      return answers.shift()
    },
    wait: (ms, signal) =>
      new Promise((over) => {
        waits.push({ ms, over })
        signal.addEventListener('abort', () => over(), { once: true })
      }),
    onResult: (one, problem) => results.push(`${one.issuer} ${problem ?? 'is there'}`),
  })
  return { asked, waits, results, issuers }
}

const ticks = () => new Promise((resolve) => setImmediate(resolve))

test('an issuer out of reach is a warning of each service that trusts it, until it is there', async () => {
  const { asked, waits, results, issuers } = bench([...Array.from({ length: 8 }, () => 'no answer'), undefined])
  issuers.ensure('one', issuer('a'))
  issuers.ensure('two', issuer('a'))
  assert.deepEqual(issuers.warnings('one'), [])
  await issuers.settled()
  assert.match(
    issuers.warnings('one')[0] ?? '',
    /^the keys of https:\/\/a\.example cannot be had.*: no answer\. It is tried/,
  )
  assert.deepEqual(issuers.warnings('two'), issuers.warnings('one'))
  assert.deepEqual(issuers.warnings('three'), [])
  for (let n = 0; n < 8; n++) {
    waits[n]?.over()
    await ticks()
  }
  assert.deepEqual(issuers.warnings('one'), [])
  assert.equal(asked.length, 9, 'once for both')
  assert.equal(waits[0]?.ms, limits.issuerRetry)
  assert.equal(waits.at(-1)?.ms, limits.issuerRetryLongest)
  assert.deepEqual(results, ['https://a.example no answer', 'https://a.example is there'])
})

test('an issuer that nobody trusts any more is looked at no more', async () => {
  const { asked, waits, issuers } = bench(['no answer', 'no answer', undefined])
  issuers.ensure('one', issuer('a'))
  issuers.ensure('two', issuer('a'))
  await issuers.settled()
  issuers.ensure('one', issuer('b'))
  await issuers.settled()
  assert.match(issuers.warnings('one')[0] ?? '', /b\.example/)
  issuers.ensure('two', undefined)
  assert.deepEqual(issuers.warnings('two'), [])
  for (const { over } of waits) over()
  await ticks()
  assert.deepEqual(asked, ['https://a.example', 'https://b.example', 'https://b.example'])
  assert.deepEqual(issuers.warnings('one'), [])
  await issuers.close()
})

test('a check that throws is a warning too, and a change of the service asks anew', async () => {
  let fails = true
  const issuers = createIssuers({
    check: async () => {
      if (fails) throw new TypeError('bad options')
      return undefined
    },
    wait: (_, signal) => new Promise((over) => signal.addEventListener('abort', () => over(), { once: true })),
    onResult: () => {},
  })
  issuers.ensure('one', issuer('a'))
  await issuers.settled()
  assert.match(issuers.warnings('one')[0] ?? '', /its discovery URL cannot be used/)
  issuers.ensure('one', undefined)
  fails = false
  issuers.ensure('one', issuer('a'))
  await issuers.settled()
  assert.deepEqual(issuers.warnings('one'), [])
  await issuers.close()
})
