import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@postern/server/testing'
import { eventually, restOf } from './testing/rest.ts'
import { startGateway } from './testing/start-gateway.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const oddServer = fileURLToPath(new URL('./backends/fixtures/odd-server.ts', import.meta.url))
const adminToken = 'admin-token-of-the-killed-tests'

/** A gateway that is a process of its own, to be killed. */
async function startProcess(dataDir: string) {
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      POSTERN_DATA_DIR: dataDir,
      POSTERN_GATEWAY_PORT: '0',
      POSTERN_ADMIN_TOKEN: adminToken,
      // Nobody is there: a provider that runs on this machine is left alone.
      POSTERN_IDP_URL: 'http://localhost:9',
      NODE_NO_WARNINGS: '1',
    },
  })
  const exited = once(child, 'exit')
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const url = await eventually('its URL', () => /"url":"([^"]+)"/.exec(output)?.[1])
  return { child, exited, url }
}

function call(url: string, key: string, name: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
  })
}

async function pidOf(url: string, key: string): Promise<number> {
  const { result } = (await (await call(url, key, 'pid')).json()) as { result: { content: { text: string }[] } }
  return Number(result.content[0]?.text)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

// Where the moment of a process's start cannot be told, what a killed gateway has left is left alone.
const skip = process.platform !== 'linux'

test('a gateway that was killed within a call is started again: its services, its keys, no process too many', {
  skip,
}, async (t) => {
  const folder = await temporaryFolder()
  t.after(folder.remove)
  const first = await startProcess(folder.path)
  t.after(() => first.child.kill('SIGKILL'))
  const rest = restOf({ url: first.url, adminToken })
  // It ends neither with its stdin nor by SIGTERM, so it outlives the gateway.
  const backend = { type: 'stdio', command: process.execPath, args: [oddServer, 'stubborn'] }
  const authorizers = [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }]
  const made = await rest('POST', '/mcp-services', { id: 'odd', name: 'odd', path: '/odd', backend, authorizers })
  const { key } = made.body.authorizers[0].apiKeys[0]
  await eventually('Ready', async () => {
    const { status } = (await rest('GET', '/mcp-services/odd')).body
    return status === 'Ready' ? status : undefined
  })
  const leftOver = await pidOf(made.body.url, key)
  t.after(() => isAlive(leftOver) && process.kill(leftOver, 'SIGKILL'))
  const underWay = call(made.body.url, key, 'hang').then((answer) => answer.text())
  const broken = assert.rejects(underWay)
  // The hanging call has reached it by now: a process answers what it is asked in order.
  assert.equal(await pidOf(made.body.url, key), leftOver)
  first.child.kill('SIGKILL')
  await first.exited
  await broken
  assert.ok(isAlive(leftOver), 'it outlives the gateway')

  await using second = await startGateway({
    dataDir: folder.path,
    port: Number(new URL(first.url).port),
    env: { POSTERN_ADMIN_TOKEN: adminToken },
  })
  await eventually('its end', () => !isAlive(leftOver) || undefined)
  const after = await restOf(second)('GET', '/mcp-services/odd')
  assert.equal(after.body.status, 'Ready')
  assert.equal(after.body.url, made.body.url)
  const fresh = await pidOf(made.body.url, key)
  assert.notEqual(fresh, leftOver)
  assert.ok(isAlive(fresh))
  assert.equal((await call(made.body.url, `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`, 'pid')).status, 401)
})
