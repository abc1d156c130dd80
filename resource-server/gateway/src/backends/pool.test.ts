import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { caller, callTool, eventually, isAlive, odd, openBench, service } from './fixtures/harness.ts'
import { BackendError, type BackendService, type Backends, type Lease } from './types.ts'

const pidOf = async ({ connection }: Lease): Promise<number> => (await callTool(connection, 'pid')) as number

async function refusal(connecting: Promise<Lease>): Promise<BackendError> {
  try {
    await connecting
  } catch (error) {
    if (error instanceof BackendError) return error
    throw error
  }
  throw new Error('it was not refused')
}

async function exit({ connection, ended }: Lease): Promise<void> {
  await connection.request({ method: 'tools/call', params: { name: 'exit' } }, { caller: caller('a') })
  await eventually(() => ended.aborted, 'the end of the connection')
}

test('a caller has one process, however often and at once it is asked for; another caller has another', async (t) => {
  const { backends, close } = await openBench()
  t.after(close)
  const svc = service(odd())
  const [a1, a2, b] = await Promise.all(['a', 'a', 'b'].map((who) => backends.connect(svc, caller(who))))
  assert.ok(a1 && a2 && b)
  assert.equal(await pidOf(a1), await pidOf(a2))
  assert.notEqual(await pidOf(a1), await pidOf(b))
  await callTool(a1.connection, 'remember', { value: 'of a' })
  assert.deepEqual(await callTool(b.connection, 'remember', { value: 'of b' }), ['of b'])
  const other = await backends.connect({ ...svc, id: 'other' }, caller('a'))
  assert.notEqual(await pidOf(other), await pidOf(a1))
})

test('a shared service has one process for all', async (t) => {
  const { backends, close } = await openBench()
  t.after(close)
  const svc = service(odd(), { isolation: 'shared' })
  const [a, b] = await Promise.all(['a', 'b'].map((who) => backends.connect(svc, caller(who))))
  assert.ok(a && b)
  assert.equal(await pidOf(a), await pidOf(b))
})

test('at the bound a caller is refused, nobody live is evicted, and who was idle for long makes room', async (t) => {
  const { backends, clock, close } = await openBench({ maxProcesses: 2, limits: { idleMs: 60_000 } })
  t.after(close)
  const svc = service(odd())
  const a = await backends.connect(svc, caller('a'))
  const b = await backends.connect(svc, caller('b'))
  const pids = [await pidOf(a), await pidOf(b)]
  const refused = await refusal(backends.connect(svc, caller('c')))
  assert.deepEqual([refused.kind, typeof refused.retryAfter], ['busy', 'number'])

  a.release()
  clock.advance(59_999)
  assert.equal((await refusal(backends.connect(svc, caller('c')))).kind, 'busy')
  clock.advance(1)
  // It is asked to go now, and c has the place once it has gone. B holds its lease, so it is not idle.
  await eventually(async () => {
    const lease = await backends.connect(svc, caller('c')).catch(() => undefined)
    return lease !== undefined
  }, 'room for c')
  assert.deepEqual([isAlive(pids[0] ?? 0), isAlive(pids[1] ?? 0)], [false, true])
  assert.equal(backends.processes().length, 2)
})

test('one caller cannot take every process, over however many services; what is shared is nobody’s', async (t) => {
  const { backends, clock, close } = await openBench({ maxProcesses: 4, limits: { idleMs: 60_000 } })
  t.after(close)
  const connect = (id: string, who: string, more: Partial<BackendService> = {}) =>
    backends.connect(service(odd(), { id, ...more }), caller(who))
  const shared = await connect('shared', 'a', { isolation: 'shared' })
  const first = await connect('one', 'a')
  await connect('two', 'a')
  shared.release()
  await backends.stop('shared')
  await connect('three', 'a')
  assert.equal((await refusal(connect('four', 'a'))).kind, 'busy')
  await connect('four', 'b')
  assert.equal((await refusal(connect('four', 'c'))).kind, 'busy', 'all are taken')
  first.release()
  clock.advance(60_000)
  await eventually(async () => (await connect('four', 'a').catch(() => undefined)) !== undefined, 'room of their own')
})

test('a place that is being taken counts', async (t) => {
  const { backends, close } = await openBench({ maxProcesses: 3 })
  t.after(close)
  const svc = service(odd())
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, who) => backends.connect(svc, caller(`${who}`))),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3)
  assert.equal(backends.processes().length, 3)
})

test('a backend that fails again and again is left alone for longer and longer', async (t) => {
  const { backends, clock, reasons, events, close } = await openBench({
    limits: { backOffMs: 1000, backOffLongestMs: 3000 },
  })
  t.after(close)
  const svc = service(odd('exit3'))
  const attempt = () => refusal(backends.connect(svc, caller('a')))
  const waits: (number | undefined)[] = []
  assert.match((await attempt()).message, /exited with code 3/)
  for (let retry = 0; retry < 5; retry++) {
    assert.match((await attempt()).message, /exited with code 3/)
    const { message, retryAfter } = await attempt()
    assert.equal(message, 'The backend of this service has failed and is left alone for a moment.')
    waits.push(retryAfter)
    clock.advance((retryAfter ?? 0) * 1000)
  }
  // The first retry was at once.
  assert.deepEqual(waits, [1, 2, 3, 3, 3])
  assert.equal(reasons.length, 6)
  assert.ok(
    events.every(
      ({ kind, reason, serviceId }) => `${kind} ${reason} ${serviceId}` === 'backend.state backend_failed svc',
    ),
  )
  const other = await refusal(backends.connect(svc, caller('b')))
  assert.match(other.message, /exited with code 3/, 'one caller’s failures are not another’s')
})

test('a backend that lived for a while has recovered', async (t) => {
  const { backends, clock, close } = await openBench({ limits: { recoveredMs: 10_000 } })
  t.after(close)
  const svc = service(odd())
  for (let life = 0; life < 4; life++) {
    const lease = await backends.connect(svc, caller('a'))
    clock.advance(10_000)
    await exit(lease)
  }
})

test('a caller may start a backend only so often', async (t) => {
  const { backends, clock, close } = await openBench({
    limits: { startsPerCaller: 3, startWindowMs: 60_000, recoveredMs: 1 },
  })
  t.after(close)
  const svc = service(odd())
  for (let start = 0; start < 3; start++) {
    const lease = await backends.connect(svc, caller('a'))
    clock.advance(1000)
    await exit(lease)
  }
  const refused = await refusal(backends.connect(svc, caller('a')))
  assert.deepEqual([refused.kind, refused.retryAfter], ['failed', 57])
  await backends.connect(svc, caller('b'))
  clock.advance(57_001)
  await backends.connect(svc, caller('a'))
})

test('a changed backend is started anew; the old one ends with its last call', async (t) => {
  const { backends, close } = await openBench()
  t.after(close)
  const svc = service(odd())
  const old = await backends.connect(svc, caller('a'))
  const oldPid = await pidOf(old)
  const fresh = await backends.connect({ ...svc, backendRevision: 2 }, caller('a'))
  const freshPid = await pidOf(fresh)
  assert.notEqual(freshPid, oldPid)
  assert.equal(await pidOf(old), oldPid, 'a call in flight is not dropped')
  old.release()
  old.release()
  await eventually(() => !isAlive(oldPid), 'the end of the old one')
  assert.equal(
    await pidOf(await backends.connect(svc, caller('a'))),
    freshPid,
    'who still asks for the old revision gets the new one',
  )
})

test('of a changed backend, processes of callers who do not ask again go as well, those in use when they are let go', async (t) => {
  const { backends, close } = await openBench()
  t.after(close)
  const svc = service(odd())
  const [idle, held, other] = await Promise.all([
    backends.connect(svc, caller('idle')),
    backends.connect(svc, caller('held')),
    backends.connect({ ...svc, id: 'other' }, caller('idle')),
  ])
  const pids = await Promise.all([idle, held, other].map(pidOf))
  const alive = () => pids.map(isAlive)
  idle.release()
  other.release()
  const fresh = await backends.connect({ ...svc, backendRevision: 2 }, caller('asker'))
  await eventually(() => !isAlive(pids[0] ?? 0), 'the end of the idle one')
  assert.deepEqual(alive(), [false, true, true])
  assert.equal(await pidOf(held), pids[1])
  held.release()
  await eventually(() => !isAlive(pids[1] ?? 0), 'the end of the one that was held')
  assert.ok(await pidOf(fresh))
  assert.deepEqual(alive(), [false, false, true])
})

test('who is idle for long enough is stopped without anybody asking for the place, and nobody else is', async (t) => {
  const { backends, clock, close } = await openBench({ limits: { idleMs: 60_000, sweepMs: 5 } })
  t.after(close)
  const svc = service(odd())
  const [idle, held, late] = await Promise.all(
    ['idle', 'held', 'late'].map((who) => backends.connect(svc, caller(who))),
  )
  assert.ok(idle && held && late)
  const pids = await Promise.all([idle, held, late].map(pidOf))
  idle.release()
  clock.advance(1)
  late.release()
  clock.advance(59_999)
  await eventually(() => !isAlive(pids[0] ?? 0), 'the end of the idle one')
  // All are looked at at once: the sweep that ended one has let the others be.
  assert.deepEqual(pids.map(isAlive), [false, true, true])
  assert.deepEqual(
    [idle, held, late].map(({ ended }) => ended.aborted),
    [true, false, false],
  )
  held.release()
  clock.advance(60_000)
  await eventually(() => backends.processes().length === 0 && !pids.some(isAlive), 'the end of all')
  assert.notEqual(await pidOf(await backends.connect(svc, caller('idle'))), pids[0])
})

test('a service that goes takes its processes and folders with it', async (t) => {
  const { backends, dataDir, close } = await openBench()
  t.after(close)
  const svc: BackendService = service(odd())
  const lease = await backends.connect(svc, caller('a'))
  const pid = await pidOf(lease)
  const hanging = lease.connection.request({ method: 'tools/call', params: { name: 'hang' } }, { caller: caller('a') })
  assert.ok(existsSync(join(dataDir, 'backends', 'svc')))
  await backends.remove('svc')
  const outcome = await hanging
  assert.equal('error' in outcome && outcome.problem, 'closed')
  assert.equal(isAlive(pid), false)
  assert.deepEqual(await readdir(join(dataDir, 'backends')), [])
})

test('closing while backends start leaves no process, and nothing starts afterwards', async (t) => {
  const { backends, close } = await openBench({ limits: { startMs: 60_000 } })
  t.after(close)
  const starting = ['mute', 'stubborn', 'plain'].map((mode, who) =>
    backends.connect(service(odd(mode)), caller(`${who}`)),
  )
  const settled = Promise.allSettled(starting)
  // One is up, so the silent one has been started too.
  await starting[2]
  await backends.close()
  const [mute] = await settled
  assert.equal(mute?.status, 'rejected')
  assert.deepEqual(backends.processes(), [])
  assert.equal((await refusal(backends.connect(service(odd()), caller('a')))).kind, 'failed')
})

test('closing before a process has been spawned leaves none either', async (t) => {
  const { backends, close } = await openBench()
  t.after(close)
  const connecting = assert.rejects(backends.connect(service(odd('mute')), caller('a')))
  await backends.close()
  await connecting
})

test('checks leave neither process nor folder, failed or not', async (t) => {
  const { backends, dataDir, close } = await openBench()
  t.after(close)
  const inFolder = async (open: Backends) => {
    await open.check(service(odd()))
    await open.check(service(odd('garbage'))).catch(() => {})
  }
  await inFolder(backends)
  const abort = new AbortController()
  const aborted = backends.check(service(odd('mute')), { signal: abort.signal })
  abort.abort()
  await assert.rejects(aborted)
  assert.deepEqual(await readdir(join(dataDir, 'backends')), [])
})
