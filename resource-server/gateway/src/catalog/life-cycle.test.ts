import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import { type CheckOutcome, createLifeCycle, type LifeCycle } from './life-cycle.ts'
import type { StoredService } from './stored.ts'

function pending(id: string, backendRevision = 1): StoredService {
  return {
    id,
    name: id,
    projectName: 'default',
    path: `/${id}`,
    backend: { type: 'builtin' },
    backendRevision,
    authorizers: [{ type: 'ApiKey' }],
    isolation: 'caller',
    rootMetadata: false,
    status: 'Creating',
    revision: backendRevision,
    createdAt: 0,
    updatedAt: 0,
  }
}

interface Check {
  readonly service: StoredService
  readonly signal: AbortSignal
  pass(): void
  fail(message: string): void
}

/** A life cycle over services in memory, whose checks end when the test says so. */
function bench(options: { finish?: (service: StoredService, outcome: CheckOutcome) => Promise<void> } = {}) {
  const services = new Map<string, StoredService>()
  const checks: Check[] = []
  const outcomes: [string, CheckOutcome][] = []
  const errors: unknown[] = []
  const lifeCycle: LifeCycle = createLifeCycle({
    find: (id) => services.get(id),
    check: (service, signal) =>
      new Promise<void>((pass, reject) => {
        checks.push({ service, signal, pass, fail: (message) => reject(new Error(message)) })
      }),
    finish:
      options.finish ??
      (async (service, outcome) => {
        outcomes.push([service.id, outcome])
        const now = services.get(service.id)
        if (now?.backendRevision !== service.backendRevision) return
        services.set(service.id, { ...now, status: outcome.ok ? 'Ready' : 'CreateFailed' })
      }),
    onError: (error) => errors.push(error),
  })
  const start = (service: StoredService) => {
    services.set(service.id, service)
    lifeCycle.start(service.id)
  }
  return { services, checks, outcomes, errors, lifeCycle, start }
}

const ticks = () => new Promise((resolve) => setImmediate(resolve))

test('a few are checked at a time, the others in their turn', async () => {
  const { checks, outcomes, lifeCycle, start } = bench()
  const ids = ['a', 'b', 'c', 'd', 'e']
  for (const id of ids) start(pending(id))
  for (let done = 0; done < ids.length; done++) {
    await ticks()
    assert.equal(checks.length, Math.min(done + limits.checksAtOnce, ids.length))
    if (done === 1) checks[done]?.fail('no')
    else checks[done]?.pass()
  }
  await lifeCycle.settled()
  assert.deepEqual(
    outcomes.map(([id, outcome]) => `${id} ${outcome.ok}`),
    ['a true', 'b false', 'c true', 'd true', 'e true'],
  )
})

test('the reason of a failure is its message', async () => {
  const { checks, outcomes, lifeCycle, start } = bench()
  start(pending('a'))
  await ticks()
  checks[0]?.fail('it did not start')
  await lifeCycle.settled()
  assert.deepEqual(outcomes, [['a', { ok: false, reason: 'it did not start' }]])
})

test('a check of what is not asked for any more is given up, and what is asked for is checked', async () => {
  const { checks, outcomes, lifeCycle, start } = bench()
  start(pending('a', 1))
  await ticks()
  start(pending('a', 2))
  assert.ok(checks[0]?.signal.aborted)
  await ticks()
  assert.equal(checks[1]?.service.backendRevision, 2)
  checks[1]?.pass()
  await lifeCycle.settled()
  assert.deepEqual(outcomes, [['a', { ok: true }]])
})

test('one that is cancelled has no outcome, whether it runs or waits', async () => {
  const { services, checks, outcomes, lifeCycle, start } = bench()
  for (const id of ['a', 'b', 'c']) start(pending(id))
  await ticks()
  services.delete('c')
  await lifeCycle.cancel('c')
  services.delete('a')
  await lifeCycle.cancel('a')
  assert.ok(checks[0]?.signal.aborted)
  checks[1]?.pass()
  await lifeCycle.settled()
  assert.deepEqual(outcomes, [['b', { ok: true }]])
  assert.equal(checks.length, 2)
})

test('closing gives up what runs and what waits, and nothing starts afterwards', async () => {
  const { checks, outcomes, lifeCycle, start } = bench()
  for (const id of ['a', 'b', 'c']) start(pending(id))
  await ticks()
  await lifeCycle.close()
  start(pending('d'))
  await ticks()
  assert.equal(checks.length, 2)
  assert.ok(checks.every(({ signal }) => signal.aborted))
  assert.deepEqual(outcomes, [])
})

test('an outcome that cannot be written is told, and not tried for ever', async () => {
  const failure = new Error('the disk is full')
  const { checks, errors, lifeCycle, start } = bench({ finish: () => Promise.reject(failure) })
  start(pending('a'))
  await ticks()
  checks[0]?.pass()
  await lifeCycle.settled()
  await ticks()
  assert.deepEqual(errors, [failure])
  assert.equal(checks.length, 1)
})
