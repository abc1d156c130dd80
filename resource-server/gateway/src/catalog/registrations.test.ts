import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ScopeHierarchy } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import type { IdpLink, Registration, ResourceRequest } from '../idp-link/types.ts'
import { limits } from '../limits.ts'
import { createRegistrations } from './registrations.ts'

const registered: Registration = { state: 'registered', changed: true }
const later: Registration = { state: 'later', problem: 'it is not there' }
const refused: Registration = { state: 'refused', problem: 'it said no' }

function request(poolId: string): ResourceRequest {
  return { poolId, identifier: 'http://localhost:1/mcp', name: 'tools', scopes: [] }
}

/** Registrations whose link answers as the test says, and which wait until the test lets them. */
function bench(answers: Registration[]) {
  const asked: ResourceRequest[] = []
  const waits: { ms: number; over: () => void }[] = []
  const results: string[] = []
  const link: IdpLink = {
    implied: async () => undefined,
    byHand: ({ poolId }) => `POST somewhere ${poolId}`,
    async register(resource) {
      asked.push(resource)
      return answers.shift() ?? registered
    },
  }
  const registrations = createRegistrations({
    link,
    wait: (ms, signal) =>
      new Promise((over) => {
        waits.push({ ms, over })
        signal.addEventListener('abort', () => over(), { once: true })
      }),
    onResult: (serviceId, { poolId }, { state }, lasting) =>
      results.push(`${serviceId} ${poolId} ${state}${lasting ? ' still' : ''}`),
  })
  return { asked, waits, results, registrations }
}

const ticks = () => new Promise((resolve) => setImmediate(resolve))

test('what cannot be done yet is tried again, less and less often, and its warning goes when it is done', async () => {
  const tries = 10
  const { asked, waits, results, registrations } = bench(Array.from({ length: tries }, () => later))
  registrations.ensure('s', request('p'))
  assert.deepEqual(registrations.warnings('s'), [])
  await registrations.tried('s')
  for (let n = 0; n < tries; n++) {
    const [warning = ''] = registrations.warnings('s')
    assert.match(warning, /it is not there\. It is tried again by itself; by hand: POST somewhere p$/)
    waits[n]?.over()
    await ticks()
  }
  assert.equal(asked.length, tries + 1)
  assert.deepEqual(registrations.warnings('s'), [])
  const pauses = waits.map(({ ms }) => ms)
  assert.equal(pauses[0], limits.idpRetry)
  assert.equal(pauses.at(-1), limits.idpRetryLongest)
  assert.deepEqual(
    pauses,
    pauses.toSorted((a, b) => a - b),
  )
  assert.deepEqual(results, ['s p later', 's p later still', 's p registered'])
  await registrations.close()
})

test('what was refused is left until something changes, with its warning', async () => {
  const { asked, waits, registrations } = bench([refused, refused])
  registrations.ensure('s', request('p'))
  await registrations.settled()
  assert.match(registrations.warnings('s')[0] ?? '', /it said no\. Mend that, or do it by hand: POST somewhere p$/)
  assert.deepEqual(waits, [])
  registrations.ensure('s', request('p'))
  assert.equal(registrations.warnings('s').length, 1, 'the warning stands until the next answer')
  await registrations.settled()
  assert.equal(asked.length, 2)
  await registrations.close()
})

test('the same again asks nobody; another pool does, and ends the tries for the first', async () => {
  const { asked, waits, registrations } = bench([registered, later])
  registrations.ensure('s', request('p'))
  await registrations.settled()
  registrations.ensure('s', request('p'))
  await registrations.settled()
  assert.equal(asked.length, 1)
  registrations.ensure('s', request('late'))
  await registrations.settled()
  registrations.ensure('s', request('q'))
  await registrations.settled()
  assert.deepEqual(
    asked.map(({ poolId }) => poolId),
    ['p', 'late', 'q'],
  )
  assert.equal(waits.length, 1)
  assert.deepEqual(registrations.warnings('s'), [])
  registrations.ensure('s', undefined)
  assert.deepEqual(registrations.warnings('s'), [])
  await registrations.close()
})

test('closing ends the waiting', async () => {
  const { asked, registrations } = bench([later, later])
  registrations.ensure('s', request('p'))
  await registrations.settled()
  await registrations.close()
  assert.equal(asked.length, 1)
})

test('what scopes imply is learnt with the registration, looked at again while it is asked for, and kept in a failure', async () => {
  const clock = createTestClock()
  let implied: ScopeHierarchy | undefined = { write: ['read'] }
  let looks = 0
  const link: IdpLink = {
    byHand: () => '',
    register: async () => ({ state: 'registered', changed: false, ...(implied === undefined ? {} : { implied }) }),
    async implied() {
      looks += 1
      return implied
    },
  }
  const registrations = createRegistrations({ link, clock, wait: async () => {}, onResult: () => {} })
  assert.equal(registrations.scopesOf('s'), undefined)
  registrations.ensure('s', request('p'))
  await registrations.tried('s')
  const first = registrations.scopesOf('s')
  assert.deepEqual(first, { write: ['read'] })
  clock.advance(limits.scopesResolution - 1)
  registrations.scopesOf('s')
  assert.equal(looks, 0)

  clock.advance(1)
  for (let count = 0; count < 5; count++) registrations.scopesOf('s')
  await ticks()
  assert.equal(looks, 1, 'once, however often it is asked for')
  assert.equal(registrations.scopesOf('s'), first, 'the same object while it says the same')

  implied = undefined
  clock.advance(limits.scopesResolution)
  registrations.scopesOf('s')
  await ticks()
  assert.equal(registrations.scopesOf('s'), first)
  implied = {}
  clock.advance(limits.scopesResolution)
  registrations.scopesOf('s')
  await ticks()
  assert.equal(registrations.scopesOf('s'), undefined)
  registrations.ensure('s', undefined)
  assert.equal(registrations.scopesOf('s'), undefined)
  await registrations.close()
})
