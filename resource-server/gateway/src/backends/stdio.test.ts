import assert from 'node:assert/strict'
import { mkdir, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { caller, callTool, eventually, isAlive, odd, openBench, service, textOf } from './fixtures/harness.ts'
import type { BackendConfig } from './types.ts'

async function checkReason(backend: BackendConfig, limits: object = {}): Promise<string> {
  const bench = await openBench({ limits })
  try {
    await bench.backends.check(service(backend))
    return 'it works'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await bench.close()
  }
}

test('a check says what it found', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { server, toolNames } = await bench.backends.check(service(odd()))
  assert.equal(server.era, 'legacy')
  assert.deepEqual(server.serverInfo, { name: 'odd', version: '1', 'x-own': 2 })
  assert.equal(server.instructions, 'Be odd.')
  assert.ok(toolNames.includes('pid') && toolNames.includes('announce'), 'both pages of the list are read')
  assert.deepEqual(bench.backends.processes(), [])
})

test('a banner on stdout is no failure', async () => {
  assert.equal(await checkReason(odd('banner')), 'it works')
})

test('a backend that speaks 2026-07-28 alone is got to know', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { server } = await bench.backends.check(service(odd('modern-only')))
  assert.equal(server.era, 'modern')
  assert.deepEqual(server.serverInfo, { name: 'odd-modern', version: '2' })
})

test('what cannot be started says why and what to do', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const plainFile = join(bench.dataDir, 'plain.txt')
  await writeFile(plainFile, 'no program', { mode: 0o600 })

  assert.equal(
    await checkReason({ type: 'stdio', command: 'no-such-command' }),
    'the command `no-such-command` does not exist: install it or give its full path',
  )
  assert.match(
    await checkReason({ type: 'stdio', command: plainFile }),
    /plain\.txt` cannot be executed: make it executable/,
  )
  assert.equal(
    await checkReason(odd('plain', { cwd: '/no/such/folder' })),
    'the folder `/no/such/folder` (cwd) does not exist: make it or leave cwd away',
  )
})

test('what ends before it has introduced itself is told by its last words, without the service’s secrets', async () => {
  const reason = await checkReason(odd('exit3', { env: { PASSWORD: 'S3cretValue' } }))
  assert.match(reason, /exited with code 3; stderr: cannot open database: password \*\*\* is wrong$/)
  assert.doesNotMatch(reason, /S3cret/)
})

test('garbage on stdout is quoted, made printable', async () => {
  const reason = await checkReason(odd('garbage'))
  assert.match(reason, /exited with code 0; it printed something that is not MCP on stdout: Welcome to Garbage 1\.0!$/)
})

test('a flood is stopped at its bound', async () => {
  assert.match(
    await checkReason(odd('flood'), { garbageBytes: 10_000 }),
    /printed more than 10000 bytes that are no messages/,
  )
  assert.match(
    await checkReason(odd('long-line'), { messageBytes: 100_000 }),
    /printed a line longer than 100000 bytes/,
  )
})

test('a refusal and a silence are told apart', async () => {
  const refused = await checkReason(odd('refuse', { env: { X: 'S3cretValue' } }))
  assert.match(refused, /refused initialize: I refuse, because of \*\*\*$/)
  assert.match(await checkReason(odd('mute'), { startMs: 400 }), /did not answer initialize within 0\.4 s$/)
})

test('each process has a short environment, a HOME and a folder of its own', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  process.env['POSTERN_TEST_SECRET'] = 'not for children'
  t.after(() => delete process.env['POSTERN_TEST_SECRET'])
  const backend = odd('plain', { env: { OWN: 'value', TERM: 'mine' } })
  const places: string[] = []
  for (const who of ['a', 'b']) {
    const { connection } = await bench.backends.connect(service(backend), caller(who))
    const { env, cwd } = (await callTool(connection, 'env')) as { env: Record<string, string>; cwd: string }
    assert.deepEqual(
      Object.keys(env).filter(
        (name) => !['PATH', 'LOGNAME', 'SHELL', 'TERM', 'USER', 'HOME', 'OWN', 'POSTERN_BACKEND'].includes(name),
      ),
      [],
    )
    assert.equal(env['OWN'], 'value')
    assert.equal(env['TERM'], 'mine')
    assert.ok(env['HOME']?.startsWith(bench.dataDir))
    assert.ok(cwd.startsWith(await realpath(bench.dataDir)))
    places.push(env['HOME'] ?? '', cwd)
  }
  assert.equal(new Set(places).size, 4)
})

test('a working folder that was given is used', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const cwd = join(bench.dataDir, 'mine')
  await mkdir(cwd)
  const { connection } = await bench.backends.connect(service(odd('plain', { cwd })), caller('a'))
  const { cwd: seen } = (await callTool(connection, 'env')) as { cwd: string }
  assert.equal(seen, await realpath(cwd))
})

test('what a backend sends passes through as it is', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  const args = { a: [1, { b: null }], 'ünïcode ✓': '\u2028' }
  const echoed = await connection.request(
    { method: 'tools/call', params: { name: 'echo', arguments: args } },
    { caller: caller('a') },
  )
  assert.deepEqual(echoed, {
    result: {
      content: [{ type: 'text', text: JSON.stringify(args) }],
      structuredContent: args,
      'x-unknown': { kept: [null, 1.5] },
      _meta: { 'example.com/own': 1 },
    },
  })
  const failed = await connection.request({ method: 'tools/call', params: { name: 'fail' } }, { caller: caller('a') })
  assert.deepEqual(failed, {
    error: { code: -32002, message: 'No such thing', data: { thing: 'x', deep: { kept: true } } },
  })
})

test('progress comes back under the token that the client chose', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  const heard: unknown[] = []
  const call = (progressToken: string | number) =>
    connection.request(
      { method: 'tools/call', params: { name: 'steps', _meta: { progressToken, 'example.com/x': 1 } } },
      {
        caller: caller('a'),
        onNotification: ({ params }) =>
          heard.push([params?.['progressToken'], params?.['progress'], params?.['extra']]),
      },
    )
  // Two clients of one caller may well choose the same token.
  await Promise.all([call(1), call(1)])
  assert.deepEqual(
    heard,
    [1, 2, 3, 1, 2, 3].map((progress) => [1, progress, 'kept']),
  )
})

test('a question of the backend is answered, for nobody can be asked', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  assert.equal(await callTool(connection, 'ask'), 'was answered')
})

test('a request that is cancelled is cancelled at the backend', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  const abort = new AbortController()
  const hanging = connection.request(
    { method: 'tools/call', params: { name: 'hang' } },
    { caller: caller('a'), signal: abort.signal },
  )
  abort.abort()
  const outcome = await hanging
  assert.equal('error' in outcome && outcome.problem, 'cancelled')
  assert.deepEqual(await callTool(connection, 'cancelled'), ['cancelled by the caller'])
})

test('a backend that stays silent is given up, unless it makes progress', async (t) => {
  const bench = await openBench({ limits: { requestMs: 1000 } })
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  const outcome = await connection.request({ method: 'tools/call', params: { name: 'hang' } }, { caller: caller('a') })
  assert.equal('error' in outcome && outcome.problem, 'timeout')
  assert.deepEqual(await callTool(connection, 'cancelled'), ['timeout'])
})

test('a backend that dies answers what is pending with an error and is started again at the next use', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const lease = await bench.backends.connect(service(odd()), caller('a'))
  const first = await callTool(lease.connection, 'pid')
  const outcomes = await Promise.all(
    ['hang', 'exit'].map((name) =>
      lease.connection.request({ method: 'tools/call', params: { name } }, { caller: caller('a') }),
    ),
  )
  for (const outcome of outcomes) {
    assert.deepEqual(outcome, {
      error: { code: -32603, message: 'The backend of this service has stopped.' },
      problem: 'closed',
    })
  }
  await eventually(() => bench.reasons.length === 1, 'the end is told')
  assert.match(bench.reasons[0] ?? '', /exited with code 7; stderr: told to exit$/)
  assert.equal(lease.ended.aborted, true)
  const again = await bench.backends.connect(service(odd()), caller('a'))
  assert.notEqual(await callTool(again.connection, 'pid'), first)
})

test('nothing of a backend is left when it is stopped: not what ignores signals, not what it forked', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd('stubborn')), caller('a'))
  const leader = (await callTool(connection, 'pid')) as number
  const forked = (await callTool(connection, 'fork')) as number
  assert.deepEqual(bench.backends.processes(), [{ pid: leader, serviceId: 'svc' }])
  assert.ok(isAlive(leader) && isAlive(forked))
  await bench.backends.stop('svc')
  await eventually(() => !isAlive(leader) && !isAlive(forked), 'both are gone')
  assert.deepEqual(bench.backends.processes(), [])
})

test('what a backend forked goes with it when it dies by itself', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  const forked = (await callTool(connection, 'fork')) as number
  await connection.request({ method: 'tools/call', params: { name: 'exit' } }, { caller: caller('a') })
  await eventually(() => !isAlive(forked), 'it is gone')
})

test('a flood in the middle of the work ends the backend, not the gateway', async (t) => {
  const bench = await openBench({ limits: { garbageBytes: 50_000 } })
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  const outcome = await connection.request({ method: 'tools/call', params: { name: 'flood' } }, { caller: caller('a') })
  assert.equal('error' in outcome && outcome.problem, 'closed')
  await eventually(() => bench.reasons.length === 1, 'the end is told')
  assert.match(bench.reasons[0] ?? '', /printed more than 50000 bytes that are no messages/)
})

test('a process that does not read its stdin is stopped before its unread messages fill the memory', async (t) => {
  const bench = await openBench({ limits: { unreadBytes: 200_000 } })
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  const { pid } = bench.backends.processes()[0] ?? {}
  process.kill(pid ?? 0, 'SIGSTOP')
  const send = () =>
    connection.request(
      { method: 'tools/call', params: { name: 'echo', arguments: { text: 'x'.repeat(100_000) } } },
      { caller: caller('a') },
    )
  const outcomes = await Promise.all(Array.from({ length: 8 }, send))
  assert.ok(outcomes.every((outcome) => 'error' in outcome))
  await eventually(() => bench.reasons.length === 1, 'the end is told')
  assert.match(bench.reasons[0] ?? '', /did not read its stdin/)
})

test('log lines that can only belong to one request reach it, others whoever watches', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service(odd()), caller('a'))
  const related: unknown[] = []
  const rest: unknown[] = []
  connection.watch({ rest: true }, ({ params }) => rest.push(params?.['data']))
  const log = (onNotification?: (n: { params?: { readonly [key: string]: unknown } }) => void) =>
    connection.request(
      { method: 'tools/call', params: { name: 'log' } },
      { caller: caller('a'), ...(onNotification === undefined ? {} : { onNotification }) },
    )
  await log(({ params }) => related.push(params?.['data']))
  assert.deepEqual([related, rest], [['a debug line', 'a warning line'], []])
  textOf(await Promise.all([log(), log()]).then(([first]) => first))
  assert.equal(rest.length, 4)
})

test('what is nested too deeply ends neither the backend nor the gateway', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const lease = await bench.backends.connect(service(odd()), caller('a'), { capabilities: { sampling: {} } })
  const { connection } = lease
  const heard: unknown[] = []
  const call = (as: string) =>
    connection.request(
      { method: 'tools/call', params: { name: 'deep', arguments: { as, depth: 8000 } } },
      {
        caller: caller('a'),
        onNotification: (notification) => heard.push(notification),
        onRequest: async ({ request }) => {
          heard.push(request)
          return { result: {} }
        },
      },
    )
  assert.equal(textOf(await call('question')), 'said')
  assert.equal(textOf(await call('notification')), 'said')
  assert.deepEqual(await call('answer'), {
    error: { code: -32603, message: 'The answer of the backend is nested deeper than 256 levels.' },
  })
  assert.deepEqual([heard, lease.ended.aborted, bench.reasons], [[], false, []])
})

test('a backend whose message cannot be passed on is stopped, and nobody else notices', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const [broken, other] = await Promise.all(
    ['a', 'b'].map((who) => bench.backends.connect(service(odd()), caller(who))),
  )
  assert.ok(broken !== undefined && other !== undefined)
  const pid = await callTool(other.connection, 'pid', {}, caller('b'))
  const outcome = await broken.connection.request(
    { method: 'tools/call', params: { name: 'log' } },
    {
      caller: caller('a'),
      onNotification: () => {
        throw new RangeError('Maximum call stack size exceeded')
      },
    },
  )
  assert.equal('error' in outcome && outcome.error.message, 'The backend of this service has stopped.')
  await eventually(() => bench.reasons.length > 0, 'the reason')
  assert.match(bench.reasons.join(), /^`.+` was stopped, for one of its messages could not be passed on/)
  assert.equal(broken.ended.aborted, true)
  assert.equal(await callTool(other.connection, 'pid', {}, caller('b')), pid)
})

test('a note of a process that cannot be struck out ends nobody', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const lease = await bench.backends.connect(service(odd()), caller('a'))
  const pid = await callTool(lease.connection, 'pid')
  const note = join(bench.dataDir, 'processes', `${pid}.json`)
  await rm(note, { force: true })
  await mkdir(note, { recursive: true })
  await bench.backends.stop('svc')
  assert.deepEqual([lease.ended.aborted, bench.backends.processes(), isAlive(Number(pid))], [true, [], false])
})
