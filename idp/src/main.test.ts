import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

let folder: TemporaryFolder

beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

interface Run {
  readonly child: ChildProcess
  /** What has been written so far. */
  readonly output: { stdout: string; stderr: string }
  /** Exit code and signal. */
  readonly ended: Promise<unknown[]>
}

function run(env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], POSTERN_DATA_DIR: folder.path, POSTERN_IDP_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  return { child, output, ended: once(child, 'close') }
}

/** Where it says that it listens. */
async function untilReady({ child }: Run): Promise<string> {
  if (child.stderr === null) throw new Error('no stderr')
  for await (const line of createInterface({ input: child.stderr })) {
    const entry: { msg?: string; url?: string } = JSON.parse(line)
    if (entry.msg === 'ready' && entry.url !== undefined) return entry.url
  }
  throw new Error('it ended before it was ready')
}

describe('postern-idp', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`starts, answers, and stops on ${signal} with exit code 0`, async () => {
      const program = run()
      const url = await untilReady(program)
      assert.equal((await fetch(`${url}/readyz`)).status, 200)
      assert.equal((await fetch(`${url}/pools/default/.well-known/openid-configuration`)).status, 200)
      program.child.kill(signal)
      assert.deepEqual(await program.ended, [0, null])
      assert.equal(program.output.stdout, '')
    })
  }

  test('gives a token for the demo secret, and writes no secret anywhere', async () => {
    const program = run({ POSTERN_LOG_LEVEL: 'trace' })
    const url = await untilReady(program)
    const read = async (name: string) => (await readFile(join(folder.path, name), 'utf8')).trim()
    const secrets = [
      await read('demo-secret'),
      await read('admin-token'),
      await read('encryption-key'),
      await read('demo-password'),
    ]
    const [demo = '', admin = ''] = secrets
    const answer = await fetch(`${url}/pools/default/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`demo:${demo}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    const { access_token: token } = await answer.json()
    assert.ok(token)
    await fetch(`${url}/api/v1/user-pools`, { headers: { authorization: `Bearer ${admin}` } })
    program.child.kill('SIGTERM')
    await program.ended
    for (const secret of [...secrets, token]) assert.equal(program.output.stderr.includes(secret), false)
    assert.ok(program.output.stderr.includes('admin-token'), 'the path may be told')
  })
})

describe('a start that fails', () => {
  async function assertFails(env: Record<string, string>, text: RegExp): Promise<void> {
    const { output, ended } = run(env)
    assert.deepEqual(await ended, [1, null])
    assert.equal(output.stdout, '')
    assert.match(output.stderr, text)
    assert.match(output.stderr, /^postern-idp: /)
    assert.doesNotMatch(output.stderr, /\n\s+at /, 'no stack')
  }

  test('names the setting that is wrong', () =>
    assertFails({ POSTERN_IDP_PORT: 'many' }, /POSTERN_IDP_PORT must be a port/))

  test('names the development setting in production', () =>
    assertFails({ POSTERN_MODE: 'production' }, /needs https public URLs/))

  test('names file, line and field of a mistake in the seed', async () => {
    const file = join(folder.path, 'seed.yaml')
    await writeFile(file, 'version: 1\npools:\n  - id: agents\n    acessTokenTtl: 5\n')
    await assertFails({ POSTERN_CONFIG: file }, /seed\.yaml:4.*acessTokenTtl.*accessTokenTtl/s)
  })
})
