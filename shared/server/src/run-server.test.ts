import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type TemporaryFolder, temporaryFolder } from './testing/temporary-folder.ts'

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const modules = ['run-server.ts', 'start-error.ts'].map((file) => JSON.stringify(join(import.meta.dirname, file)))

/** Runs a server of these lines as a program; `say` answers to what it prints. */
async function program(start: string, say: (line: string, kill: (signal: NodeJS.Signals) => void) => void = () => {}) {
  const script = `
    import { runServer } from ${modules[0]}
    import { StartError } from ${modules[1]}
    // What a server holds keeps its process alive.
    const held = setInterval(() => {}, 1000)
    const close = async () => { console.log('closed'); clearInterval(held) }
    const server = { url: 'http://localhost:1', adminUrl: 'http://localhost:2', close }
    await runServer('idp', async (context) => { ${start} })
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env['PATH'], POSTERN_DATA_DIR: folder.path },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  const output = { out: '', err: '' }
  for (const [name, stream] of [
    ['out', child.stdout],
    ['err', child.stderr],
  ] as const) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      say(text, (signal) => child.kill(signal))
    })
  }
  const [code, signal] = await ended
  return { code, signal, ...output }
}

describe('a server as a program', { timeout: 60_000 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`says where it is, and closes on ${signal}`, async () => {
      const ran = await program('return server', (text, kill) => text.includes('"ready"') && kill(signal))
      assert.deepEqual([ran.code, ran.signal, ran.out], [0, null, 'closed\n'])
      const [ready, stopping, stopped] = ran.err
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      const { mode, url, adminUrl, tokenFile } = ready
      assert.deepEqual(
        [mode, url, adminUrl, tokenFile],
        ['development', 'http://localhost:1', 'http://localhost:2', join(folder.path, 'admin-token')],
      )
      assert.deepEqual([stopping.msg, stopping.signal, stopped.msg], ['stopping', signal, 'stopped'])
    })
  }

  test('told to stop while it starts, it starts and closes', async () => {
    const start =
      "console.log('starting'); await new Promise((resolve) => process.once('SIGTERM', resolve)); return server"
    const ran = await program(start, (text, kill) => text === 'starting\n' && kill('SIGTERM'))
    assert.deepEqual([ran.code, ran.out], [0, 'starting\nclosed\n'])
  })

  test('a second signal is not waited for', async () => {
    const start = "server.close = () => { console.log('closing'); return new Promise(() => {}) }; return server"
    const ran = await program(start, (text, kill) => {
      if (text.includes('"ready"') || text === 'closing\n') kill('SIGTERM')
    })
    assert.deepEqual([ran.code, ran.signal], [null, 'SIGTERM'])
  })

  test('what cannot start is a sentence, what nobody foresaw a stack', async () => {
    const foreseen = await program("throw new StartError('seed', 'this is wrong; mend it')")
    assert.deepEqual([foreseen.code, foreseen.err], [1, 'postern-idp: this is wrong; mend it\n'])
    const unforeseen = await program("throw new TypeError('oh')")
    assert.equal(unforeseen.code, 1)
    assert.match(unforeseen.err, /^postern-idp: TypeError: oh\n {4}at /)
  })

  test('one that has lost its place says why', async () => {
    const ran = await program(
      "return { ...server, lost: Promise.resolve(new StartError('database_locked', 'another has it')) }",
    )
    assert.equal(ran.code, 1)
    assert.match(ran.err, /postern-idp: another has it\n$/)
  })
})
