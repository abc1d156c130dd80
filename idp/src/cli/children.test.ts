import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { serverFlags } from '@postern/server'
import { type Child, startServer, stopServers } from './children.ts'

/** A program in the place of a server: writes its pid to a file once it listens to signals, and goes on. */
async function program(t: TestContext, onTerm: string): Promise<{ main: string; pidFile: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-children-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const [main, pidFile] = [join(folder, 'main.mjs'), join(folder, 'pid')]
  const lines = [
    `import { renameSync, writeFileSync } from 'node:fs'`,
    `process.on('SIGTERM', () => { ${onTerm} })`,
    `setInterval(() => {}, 1000)`,
    `writeFileSync(${JSON.stringify(`${pidFile}.new`)}, String(process.pid))`,
    `renameSync(${JSON.stringify(`${pidFile}.new`)}, ${JSON.stringify(pidFile)})`,
  ]
  await writeFile(main, lines.join('\n'))
  return { main, pidFile }
}

async function pidIn(file: string): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text !== undefined) return Number(text)
    await delay(20)
  }
  throw new Error('the program did not start within 10 s')
}

async function untilGone(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await delay(20)
  }
  process.kill(pid, 'SIGKILL')
  throw new Error('the process was still there after 10 s')
}

function started(t: TestContext, role: Child['role'], main: string): Child {
  const child = startServer(role, main, process.env)
  t.after(() => child.signal('SIGKILL'))
  return child
}

test('servers are asked to end, and how they ended is told', async (t) => {
  const [one, two] = [await program(t, 'process.exit(0)'), await program(t, 'process.exit(7)')]
  const children = [started(t, 'idp', one.main), started(t, 'gateway', two.main)]
  await Promise.all([pidIn(one.pidFile), pidIn(two.pidFile)])
  await stopServers(children)
  assert.deepEqual(await Promise.all(children.map(({ ended }) => ended)), [
    { role: 'idp', code: 0, signal: null },
    { role: 'gateway', code: 7, signal: null },
  ])
})

test('one that does not listen is killed by a second Ctrl-C', async (t) => {
  const { main, pidFile } = await program(t, '')
  const child = started(t, 'gateway', main)
  await pidIn(pidFile)
  const stopping = stopServers([child])
  child.signal('SIGKILL')
  await stopping
  assert.deepEqual(await child.ended, { role: 'gateway', code: null, signal: 'SIGKILL' })
})

test('a server ends when whoever started it was killed', async (t) => {
  const { main, pidFile } = await program(t, 'process.exit(0)')
  const module = JSON.stringify(new URL('./children.ts', import.meta.url).href)
  const starter = `const { startServer } = await import(${module}); startServer('idp', ${JSON.stringify(main)}, process.env)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', starter], { stdio: 'inherit' })
  const pid = await pidIn(pidFile)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  await untilGone(pid)
})

test('a server is started with a small young generation, here and in the image', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-children-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const main = join(folder, 'main.mjs')
  await writeFile(
    main,
    `process.exit(${JSON.stringify(serverFlags.idp)}.every((flag) => process.execArgv.includes(flag)) ? 0 : 1)`,
  )
  assert.deepEqual(await started(t, 'idp', main).ended, { role: 'idp', code: 0, signal: null })
  const image = await readFile(join(import.meta.dirname, '..', '..', '..', 'Dockerfile'), 'utf8')
  assert.ok(image.includes(`NODE_OPTIONS=${serverFlags.idp.join(' ')} `))
})
