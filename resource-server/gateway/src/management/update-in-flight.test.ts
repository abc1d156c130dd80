import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@postern/server/testing'
import { eventually, restOf } from '../testing/rest.ts'
import { startGateway } from '../testing/start-gateway.ts'

const oddServer = fileURLToPath(new URL('../backends/fixtures/odd-server.ts', import.meta.url))

/** Calls a tool of the odd server; resolves with the status and what the tool said. */
async function callTool(url: string, key: string, name: string, args = {}): Promise<{ status: number; said: unknown }> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  })
  const { result } = (await answer.json()) as { result?: { content: { text: string }[] } }
  return { status: answer.status, said: JSON.parse(result?.content[0]?.text ?? 'null') }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const changes = {
  env: { env: { REVISION: 'two' } },
  args: { args: [oddServer, 'banner'] },
  isolation: undefined,
} as const

for (const [name, change] of Object.entries(changes)) {
  test(`${name} changes while a call is in flight: its answer comes from the old process, the next from a new one`, async (t) => {
    const folder = await temporaryFolder()
    t.after(folder.remove)
    await using gateway = await startGateway()
    const backend = {
      type: 'stdio' as const,
      command: process.execPath,
      args: [oddServer, 'plain'],
      env: { REVISION: 'one' },
    }
    const { id, url, apiKeys } = await gateway.createService({
      name: 'odd',
      path: '/odd',
      backend,
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }],
    })
    const key = apiKeys[0]?.key ?? ''
    const { said: old } = await callTool(url, key, 'pid')
    const file = join(folder.path, 'go')
    let isAnswered = false
    const inFlight = callTool(url, key, 'wait-for', { file }).finally(() => {
      isAnswered = true
    })
    // A process answers what it is asked in order: it has the waiting call by now.
    assert.deepEqual(await callTool(url, key, 'pid'), { status: 200, said: old })

    const patch = change === undefined ? { isolation: 'shared' } : { backend: { ...backend, ...change } }
    const rest = restOf(gateway)
    assert.equal((await rest('PATCH', `/mcp-services/${id}`, patch)).status, 200)
    await eventually('Ready', async () => {
      const { status } = (await rest('GET', `/mcp-services/${id}`)).body
      return status === 'Ready' ? status : undefined
    })
    const next = await callTool(url, key, 'pid')
    assert.equal(next.status, 200)
    assert.notEqual(next.said, old)
    const { said } = await callTool(url, key, 'env')
    assert.equal((said as { env: Record<string, string> }).env['REVISION'], name === 'env' ? 'two' : 'one')
    assert.equal(isAnswered, false)
    assert.ok(isAlive(Number(old)), 'the old one has a call to answer')

    await writeFile(file, '')
    assert.deepEqual(await inFlight, { status: 200, said: old })
    await eventually('the end of the old one', () => !isAlive(Number(old)) || undefined)
    assert.deepEqual(await callTool(url, key, 'pid'), next)
  })
}
