/** What a backend starts and sends out of its group goes with it, counts with it, and is no other backend's. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@postern/server/testing'
import { createFamily, familyOf } from './family.ts'
import { caller, callTool, eventually, isAlive, odd, openBench, service } from './fixtures/harness.ts'
import { identityOf, killSeen, seesProcesses, startTimeOf, takeSnapshot } from './proc.ts'
import type { Lease } from './types.ts'

const skip = seesProcesses ? false : 'this system does not show processes'

/** Has a backend start a process that leaves its group; it is killed at the end, should the test fail. */
async function leave(t: TestContext, { connection }: Lease, args = {}): Promise<number> {
  const pid = Number(await callTool(connection, 'leave', args))
  assert.ok(pid > 1 && isAlive(pid))
  t.after(() => isAlive(pid) && process.kill(pid, 'SIGKILL'))
  return pid
}

async function open(t: TestContext, limits = {}) {
  const bench = await openBench({ limits })
  t.after(bench.close)
  return bench
}

/** A process of the test's own, in a group of its own. */
async function start(t: TestContext, env: Record<string, string> = {}): Promise<number> {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore', env: { PATH: process.env['PATH'], ...env } })
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  return child.pid ?? 0
}

const ends = {
  'its service is removed': ({ backends }) => backends.remove('svc'),
  'everything is closed': ({ backends }) => backends.close(),
  'it ends by itself': async ({ backends }) => {
    const { connection } = await backends.connect(service(odd()), caller('a'))
    await connection.request({ method: 'tools/call', params: { name: 'exit' } }, { caller: caller('a') })
  },
} satisfies Record<string, (bench: Awaited<ReturnType<typeof openBench>>) => Promise<void>>

for (const [name, end] of Object.entries(ends)) {
  test(`what has left the group of a backend goes with it when ${name}`, { skip }, async (t) => {
    const bench = await open(t)
    const lease = await bench.backends.connect(service(odd()), caller('a'))
    const pid = await leave(t, lease)
    await end(bench)
    await eventually(() => !isAlive(pid), 'its end')
  })
}

test('nothing is left by the time that a service has been stopped', { skip }, async (t) => {
  const { backends } = await open(t)
  const lease = await backends.connect(service(odd('stubborn')), caller('a'))
  const pids = await Promise.all([1, 2, 3].map(() => leave(t, lease)))
  await backends.stop('svc')
  assert.deepEqual(pids.map(identityOf), [undefined, undefined, undefined])
})

test('what carries no marker is found as a child of the backend', { skip }, async (t) => {
  const { backends } = await open(t)
  const lease = await backends.connect(service(odd()), caller('a'))
  const pid = await leave(t, lease, { env: { PATH: '/usr/bin' } })
  await backends.stop('svc')
  await eventually(() => !isAlive(pid), 'its end')
})

test('and it is remembered from the last look when its parent has ended', { skip }, async (t) => {
  const script = 'env -i setsid sleep 60 & echo $!; read line'
  const env = { PATH: process.env['PATH'] ?? '' }
  const parent = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'], env })
  const exited = once(parent, 'exit')
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  t.after(() => isAlive(pid) && process.kill(pid, 'SIGKILL'))
  const group = async () => (await takeSnapshot('X', 0)).processes.find((one) => one.pid === pid)?.group
  await eventually(async () => (await group()) === pid, 'that it has left the group')
  const family = familyOf(parent.pid ?? 0, 'of nobody')
  assert.ok((await family.look()).some((member) => member.pid === pid))
  parent.stdin.end()
  await exited
  await family.kill()
  assert.equal(identityOf(pid), undefined)
})

test('a backend’s end is no end of what another one of the same caller has started', { skip }, async (t) => {
  const { backends } = await open(t)
  const svc = service(odd())
  const old = await backends.connect(svc, caller('a'))
  const able = await backends.connect(svc, caller('a'), { capabilities: { sampling: {} } })
  const [oldPid, ablePid] = [await leave(t, old), await leave(t, able)]
  const homes = await Promise.all([old, able].map(({ connection }) => callTool(connection, 'env')))
  const [one, other] = homes.map((seen) => (seen as { env: Record<string, string> }).env)
  assert.equal(one?.['HOME'], other?.['HOME'])
  assert.notEqual(one?.['POSTERN_BACKEND'], other?.['POSTERN_BACKEND'])
  // The one that is of an older revision goes, the other stays as long as nobody asks for it.
  const fresh = await backends.connect({ ...svc, backendRevision: 2 }, caller('a'))
  const freshPid = await leave(t, fresh)
  old.release()
  await eventually(() => !isAlive(oldPid), 'its end')
  assert.ok(isAlive(ablePid) && isAlive(freshPid))
})

test('a service cannot choose the marker of its processes', { skip }, async (t) => {
  const { backends } = await open(t)
  const svc = service(odd('plain', { env: { POSTERN_BACKEND: 'chosen' } }))
  const { connection } = await backends.connect(svc, caller('a'))
  const { env } = (await callTool(connection, 'env')) as { env: Record<string, string> }
  assert.match(env['POSTERN_BACKEND'] ?? '', /^[0-9a-f-]{36}$/)
})

test('a backend that runs more processes than it may is killed with all of them, and started again later', {
  skip,
}, async (t) => {
  const bench = await open(t, { processesPerBackend: 8, processCheckMs: 20 })
  const overrun = async (): Promise<void> => {
    const { connection, release } = await bench.backends.connect(service(odd()), caller('a'))
    const { env } = (await callTool(connection, 'env')) as { env: Record<string, string> }
    const pid = Number(await callTool(connection, 'pid'))
    const params = { name: 'fork-many', arguments: { count: 8 } }
    const outcome = await connection.request({ method: 'tools/call', params }, { caller: caller('a') })
    assert.equal('error' in outcome && outcome.problem, 'closed')
    release()
    const family = createFamily({ pid, startTime: undefined, marker: env['POSTERN_BACKEND'] ?? '' })
    assert.deepEqual(await family.look(), [], 'none is left when callers are told')
  }
  await overrun()
  await eventually(() => bench.reasons.length === 1, 'the reason')
  assert.match(
    bench.reasons[0] ?? '',
    /was killed, for it ran more than 8 processes at once, itself and what it started$/,
  )
  await overrun()
  await eventually(() => bench.reasons.length === 2, 'the reason')
  await assert.rejects(bench.backends.connect(service(odd()), caller('a')), { kind: 'failed', retryAfter: 1 })
  bench.clock.advance(1000)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  assert.ok(await callTool(connection, 'pid'))
})

test('one that runs as many as it may is left alone', { skip }, async (t) => {
  const { backends, reasons } = await open(t, { processesPerBackend: 4, processCheckMs: 5 })
  const modest = await backends.connect(service(odd()), caller('modest'))
  for (let child = 0; child < 3; child++) await leave(t, modest)
  const greedy = await backends.connect(service(odd()), caller('greedy'))
  const params = { name: 'fork-many', arguments: { count: 4 } }
  await greedy.connection.request({ method: 'tools/call', params }, { caller: caller('greedy') })
  await eventually(() => reasons.length === 1, 'the end of the other')
  assert.ok(await callTool(modest.connection, 'pid'))
})

test('what has left the group of a backend is ended when the gateway was killed', { skip }, async (t) => {
  const { path, remove } = await temporaryFolder()
  t.after(remove)
  const script = fileURLToPath(new URL('fixtures/killed-with-child.ts', import.meta.url))
  const gateway = spawn(process.execPath, [script, path, 'leave'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(gateway, 'exit')
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer]
  const { backend, left } = JSON.parse(line.toString()) as { backend: number; left: number }
  t.after(() => isAlive(left) && process.kill(left, 'SIGKILL'))
  gateway.kill('SIGKILL')
  await exited
  await eventually(() => !isAlive(backend), 'the end of the backend, with its stdin')
  assert.ok(isAlive(left))
  const bench = await openBench({ dataDir: path })
  t.after(bench.close)
  await bench.backends.clearUp()
  assert.equal(identityOf(left), undefined)
})

test('a family is those with its marker and their children, not who merely has the id or a like marker', {
  skip,
}, async (t) => {
  const marker = randomUUID()
  const pid = await start(t, { POSTERN_BACKEND: marker })
  const stranger = await start(t, { POSTERN_BACKEND: `${marker}x`, X_POSTERN_BACKEND: marker })
  const pidsOf = async (options: Parameters<typeof createFamily>[0]) =>
    (await createFamily(options).look()).map((member) => member.pid)
  assert.deepEqual(await pidsOf({ pid, marker, startTime: startTimeOf(pid) }), [pid])
  assert.deepEqual(await pidsOf({ pid: stranger, marker, startTime: undefined }), [pid])
  // The group of an id that is somebody else's by now.
  assert.deepEqual(await pidsOf({ pid: stranger, marker: 'none', startTime: (startTimeOf(stranger) ?? 0) - 1 }), [])
  await familyOf(pid, marker).kill()
  assert.deepEqual([identityOf(pid), typeof identityOf(stranger)], [undefined, 'string'])
})

test('an id that is another process’s by now is not killed, nor this process, nor the first', { skip }, async (t) => {
  const pid = await start(t)
  const seen = { pid, parent: process.pid, group: pid, startTime: startTimeOf(pid) ?? 0 }
  assert.equal(killSeen({ ...seen, startTime: seen.startTime - 1 }), false)
  assert.equal(killSeen({ ...seen, pid: process.pid, startTime: startTimeOf(process.pid) ?? 0 }), false)
  assert.equal(killSeen({ ...seen, pid: 1, startTime: startTimeOf(1) ?? 0 }), false)
  assert.ok(isAlive(pid))
  assert.equal(killSeen(seen), true)
  await eventually(() => identityOf(pid) === undefined, 'its end')
})
