import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@postern/server/testing'
import { caller, callTool, eventually, isAlive, odd, openBench, service } from './fixtures/harness.ts'
import { createLeftovers } from './leftovers.ts'
import { identityOf } from './proc.ts'

const skip = process.platform !== 'linux'
const gone = { pid: 4_194_304, identity: 'of a gateway that is no more' }

interface Stubborn {
  readonly child: ChildProcess
  /** Watched from the start: a script that is short has ended before anybody else could listen. */
  readonly exited: Promise<unknown>
}

/** A process that leads a group of its own and ignores the end of its stdin. */
async function stubborn(t: TestContext, script: string, env: Record<string, string> = {}): Promise<Stubborn> {
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env })
  const exited = once(child, 'exit')
  t.after(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // It has gone, as it should.
    }
  })
  await once(child, 'spawn')
  return { child, exited }
}

async function notes(t: TestContext) {
  const { path, remove } = await temporaryFolder()
  t.after(remove)
  const put = (pid: number, note: unknown) => writeFile(join(path, `${pid}.json`), JSON.stringify(note))
  return { path, put, leftovers: createLeftovers(path) }
}

test('a process that cannot be written down is ended at once, or a crash would leave it for good', {
  skip,
}, async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  await writeFile(join(bench.dataDir, 'processes'), 'no folder')
  const pidFile = join(bench.dataDir, 'pid')
  const script = `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`
  const backend = { type: 'stdio', command: process.execPath, args: ['-e', script] } as const
  await assert.rejects(
    bench.backends.check(service(backend)),
    /^BackendError: the process could not be written down in the data folder: see whether it is full or write-protected$/,
  )
  const pid = await readFile(pidFile, 'utf8').catch(() => undefined)
  // It may have been ended before it came to write its id.
  if (pid !== undefined) assert.equal(isAlive(Number(pid)), false)
  assert.deepEqual(bench.backends.processes(), [])
})

test('what a killed gateway left running is ended at the next start', { skip }, async (t) => {
  const { path, remove } = await temporaryFolder()
  t.after(remove)
  const script = fileURLToPath(new URL('fixtures/killed-with-child.ts', import.meta.url))
  const gateway = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  assert.ok(isAlive(pid))
  gateway.kill('SIGKILL')
  await once(gateway, 'exit')
  assert.ok(isAlive(pid), 'it ignores the end of its stdin')
  const bench = await openBench({ dataDir: path })
  t.after(bench.close)
  await bench.backends.clearUp()
  await eventually(() => identityOf(pid) === undefined, 'its end')
  assert.deepEqual(await readdir(join(path, 'processes')), [])
})

test('processes are noted while they run, and nobody ends those of a gateway that lives', { skip }, async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { connection, release } = await bench.backends.connect(service(odd()), caller('a'))
  const pid = Number(await callTool(connection, 'pid'))
  const folder = join(bench.dataDir, 'processes')
  assert.deepEqual(await readdir(folder), [`${pid}.json`])
  assert.doesNotMatch(await readFile(join(folder, `${pid}.json`), 'utf8'), /PATH/)
  await bench.backends.clearUp()
  assert.equal(await callTool(connection, 'pid'), pid)
  release()
  await bench.backends.stop('svc')
  assert.deepEqual(await readdir(folder), [])
})

test('an id that is another process’s by now is left alone', { skip }, async (t) => {
  const { put, leftovers, path } = await notes(t)
  const { child: other } = await stubborn(t, 'sleep 60')
  const pid = other.pid ?? 0
  await put(pid, { pid, identity: 'another start', owner: gone, marker: 'of nobody' })
  assert.deepEqual(await leftovers.sweep(), [])
  assert.ok(isAlive(pid))
  assert.deepEqual(await readdir(path), [])
})

test('members of a group whose leader has gone are ended when their marker is the noted one', { skip }, async (t) => {
  const { put, leftovers } = await notes(t)
  const marker = randomUUID()
  for (const [own, ended] of [
    [marker, true],
    [`${marker}-of-another`, false],
  ] as const) {
    const { child: leader, exited } = await stubborn(t, 'sleep 60 & echo $!', {
      PATH: process.env['PATH'] ?? '',
      POSTERN_BACKEND: own,
    })
    const [line] = leader.stdout === null ? [] : await once(leader.stdout, 'data')
    const member = Number(String(line))
    await exited
    const pid = leader.pid ?? 0
    await put(pid, { pid, identity: 'of the leader', owner: gone, marker })
    assert.deepEqual(await leftovers.sweep(), ended ? [member] : [])
    if (ended) await eventually(() => identityOf(member) === undefined, 'its end')
    else assert.ok(isAlive(member))
  }
})

test('notes that are none end nothing and are cleared away', { skip }, async (t) => {
  const { path, put, leftovers } = await notes(t)
  const identity = identityOf(process.pid)
  for (const [name, note] of [null, [], 'x', { pid: 1 }, { pid: 0, identity, owner: gone, marker: 'm' }].entries()) {
    await put(name, note)
  }
  await writeFile(join(path, '77.json'), '{"pid":')
  await put(78, { pid: -1, identity, owner: gone, marker: 'm' })
  await put(79, { pid: 1, identity: identityOf(1) ?? 'x', owner: gone, marker: 'm' })
  assert.deepEqual(await leftovers.sweep(), [])
  assert.deepEqual(await readdir(path), [])
})

test('folders that a killed gateway was working in are removed, and only those', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const places = [
    'backends/.check-old',
    'backends/.check-new',
    'backends/svc',
    'packages/.building-old',
    'packages/x-1',
  ]
  for (const place of places) await mkdir(join(bench.dataDir, place), { recursive: true })
  const longAgo = new Date(Date.now() - 3_600_000)
  for (const place of places.filter((one) => !one.endsWith('new'))) {
    await utimes(join(bench.dataDir, place), longAgo, longAgo)
  }
  await bench.backends.clearUp()
  assert.deepEqual((await readdir(join(bench.dataDir, 'backends'))).sort(), ['.check-new', 'svc'])
  assert.deepEqual(await readdir(join(bench.dataDir, 'packages')), ['x-1'])
})
