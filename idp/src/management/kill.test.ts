import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { generateSecret } from '@postern/server'
import { temporaryFolder } from '@postern/server/testing'
import { type Api, apiAt } from './management-fixture.ts'

const main = join(import.meta.dirname, '..', 'main.ts')

interface Running {
  readonly api: Api
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
}

/** The program itself, as `npm start` runs it. */
async function start(dataDir: string, adminToken: string): Promise<Running> {
  const child = spawn(process.execPath, [main], {
    env: {
      POSTERN_DATA_DIR: dataDir,
      POSTERN_IDP_PORT: '0',
      POSTERN_ADMIN_TOKEN: adminToken,
      POSTERN_LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  const url = await readyUrl(child.stderr)
  return { api: apiAt(url, adminToken, async () => void child.kill('SIGTERM')), child, exited }
}

async function readyUrl(stderr: Readable): Promise<string> {
  const output: string[] = []
  for await (const line of createInterface(stderr)) {
    output.push(line)
    if (line.includes('"ready"')) {
      stderr.resume()
      return String(JSON.parse(line).url)
    }
  }
  throw new Error(`the server did not start: ${output.join('\n')}`)
}

/** What the server must answer at a path; undefined while a deletion is on its way. */
type Note = (path: string, status: 200 | 404 | undefined) => void

/** Writes of every kind without end; notes what was answered with 2xx, and ends when the server is gone. */
async function writeUntilKilled(api: Api, lane: number, note: Note): Promise<void> {
  for (let index = 0; ; index += 1) {
    const poolId = `p${lane}-${index}`
    const pool = `/user-pools/${poolId}`
    const client = { clientId: 'c', name: 'c', clientType: 'MACHINE_TO_MACHINE' }
    const steps = [
      () => api.post('/user-pools', { id: poolId, name: poolId }).then((answer) => [answer, pool] as const),
      () => api.post(`${pool}/clients`, client).then((answer) => [answer, `${pool}/clients/c`] as const),
      () =>
        api
          .post(`${pool}/resources`, { identifier: 'urn:example:a' })
          .then((answer) => [answer, `${pool}/resources/${answer.body['id']}`] as const),
    ]
    for (const step of steps) {
      const done = await step().catch(() => undefined)
      if (done === undefined) return
      assert.equal(done[0].status, 201)
      note(done[1], 200)
    }
    if (index % 3 !== 2) continue
    note(`${pool}/clients/c`, undefined)
    const deleted = await api.delete(`${pool}/clients/c`).catch(() => undefined)
    if (deleted === undefined) return
    assert.equal(deleted.status, 204)
    note(`${pool}/clients/c`, 404)
  }
}

test('kill -9 in a burst of management writes loses nothing that was answered with 2xx', async () => {
  const folder = await temporaryFolder()
  const adminToken = generateSecret()
  try {
    const expected = await burstUntilKilled(folder.path, adminToken)
    const { api, exited } = await start(folder.path, adminToken)
    try {
      for (const [path, status] of expected) {
        if (status !== undefined) assert.equal((await api.get(path)).status, status, path)
      }
      const pools = [...expected.keys()].filter((path) => path.split('/').length === 3)
      for (const pool of pools) assert.equal((await api.get(`${pool}/keys`)).status, 200)
    } finally {
      await api.close()
      await exited
    }
  } finally {
    await folder.remove()
  }
})

async function burstUntilKilled(dataDir: string, adminToken: string): Promise<ReadonlyMap<string, number | undefined>> {
  const { api, child, exited } = await start(dataDir, adminToken)
  try {
    const expected = new Map<string, number | undefined>()
    let answered = 0
    const note: Note = (path, status) => {
      expected.set(path, status)
      if (status !== undefined) answered += 1
      if (answered === 120) child.kill('SIGKILL')
    }
    await Promise.all([1, 2, 3, 4].map((lane) => writeUntilKilled(api, lane, note)))
    await exited
    assert.equal(child.signalCode, 'SIGKILL')
    assert.ok(answered >= 120)
    return expected
  } finally {
    child.kill('SIGKILL')
  }
}
