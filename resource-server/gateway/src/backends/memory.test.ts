import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bench, caller, callTool, eventually, isAlive, odd, openBench, service } from './fixtures/harness.ts'
import { seesProcesses } from './proc.ts'

const skip = seesProcesses ? false : 'this system does not tell the memory of processes'
const limits = { processMemoryMb: 300, processCheckMs: 20 }

/** Has a backend take more than it may, by itself or in a process that it forks; resolves once nothing of it is left. */
async function grow({ backends, reasons }: Bench, tool: string, key = 'a'): Promise<void> {
  const told = reasons.length
  const { connection, ended, release } = await backends.connect(service(odd()), caller(key))
  const pid = Number(await callTool(connection, 'pid'))
  const [name, detached] = tool === 'fork-grow, out of its group' ? ['fork-grow', true] : [tool, false]
  const params = { name, arguments: { mb: 350, detached } }
  const outcome = await connection.request({ method: 'tools/call', params }, { caller: caller(key) })
  assert.deepEqual(outcome, {
    error: { code: -32603, message: 'The backend of this service has stopped.' },
    problem: 'closed',
  })
  release()
  await eventually(() => ended.aborted && !isAlive(-pid) && reasons.length > told, 'its end')
}

for (const tool of ['grow', 'fork-grow', 'fork-grow, out of its group']) {
  test(`${tool}: a backend that takes more memory than it may is killed, and started again later`, {
    skip,
  }, async (t) => {
    const bench = await openBench({ limits })
    t.after(bench.close)
    await grow(bench, tool)
    assert.match(
      bench.reasons[0] ?? '',
      /was killed, for it took more than 300 MB of memory with what it started \(POSTERN_MAX_PROCESS_MEMORY_MB\)/,
    )
    // The first restart is at once, the second has to wait.
    await grow(bench, tool)
    await assert.rejects(bench.backends.connect(service(odd()), caller('a')), { kind: 'failed', retryAfter: 1 })
    bench.clock.advance(1000)
    const { connection, release } = await bench.backends.connect(service(odd()), caller('a'))
    assert.ok(await callTool(connection, 'pid'))
    release()
  })
}

test('one that takes less is left alone', { skip }, async (t) => {
  const bench = await openBench({ limits })
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('modest'))
  const pid = await callTool(connection, 'pid')
  await grow(bench, 'grow', 'greedy')
  assert.equal(await callTool(connection, 'pid'), pid)
  assert.equal(bench.reasons.length, 1)
})

test('one that grows while it starts is told of as such', { skip }, async (t) => {
  const bench = await openBench({ limits: { ...limits, processMemoryMb: 1 } })
  t.after(bench.close)
  await assert.rejects(bench.backends.check(service(odd('mute'))), /took more than 1 MB of memory/)
})
