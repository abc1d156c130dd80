import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { run } from './run.ts'

const needs = (...scopes: string[]) => ({ allowed: 'needs', anyOf: [{ scopes }] })

/** A gateway that answers with this matrix, and what the command prints. */
async function access(t: TestContext, matrix: unknown, ...args: string[]) {
  const asked: string[] = []
  const server = createServer((req, res) => {
    asked.push(req.url ?? '')
    const isThere = req.url === '/api/v1/mcp-services/s/access'
    const problem = { title: 'Not found', status: 404, code: 'not_found', detail: 'there is none' }
    res.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json' })
    res.end(JSON.stringify(isThere ? matrix : problem))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const lines = { out: [] as string[], err: [] as string[] }
  const terminal = {
    env: { POSTERN_GATEWAY_URL: `http://127.0.0.1:${port}`, POSTERN_ADMIN_TOKEN: 'x'.repeat(32) },
    out: (line: string) => void lines.out.push(line),
    err: (line: string) => void lines.err.push(line),
    status: () => {},
  }
  const code = await run(['access', ...args], terminal)
  return { code, asked, out: lines.out.join('\n'), err: lines.err.join('\n') }
}

const matrix = (more: object) => ({
  serviceId: 's',
  mode: 'enforce',
  limits: {},
  tools: [],
  callers: [],
  warnings: [],
  ...more,
})

test('callers side by side, as many as people can read; names as they are', async (t) => {
  const callers = Array.from({ length: 9 }, (_, index) => ({
    kind: 'client',
    name: `Agent ${index}`,
    tools: [
      { tool: 'read', allowed: 'yes' },
      { tool: 'write', ...needs('files:write', 'files:read') },
    ],
  }))
  const { code, out, err } = await access(t, matrix({ tools: ['read', 'write'], callers, mode: 'dryRun' }), 's')
  assert.deepEqual([code, err], [0, ''])
  const lines = out.split('\n')
  assert.equal(lines[0], 's (dry run: nothing is refused)')
  assert.ok(lines.every((line) => line.length <= 120))
  assert.equal(lines.filter((line) => line.startsWith('TOOL')).length, 3)
  assert.match(out, /^TOOL +client Agent 0 +client Agent 1/m)
  assert.match(out, /^write +needs scopes files:write files:read/m)
})

test('what a backend calls its tools does nothing to a terminal', async (t) => {
  const tool = '\u001b]0;owned\u0007\u202eread\r\n'
  const callers = [{ kind: 'apiKey', name: 'k', tools: [{ tool, allowed: 'yes' }] }]
  const { out } = await access(t, matrix({ tools: [tool], callers, warnings: [] }), 's')
  assert.doesNotMatch(out.replaceAll('\n', ''), /\p{Cc}|\u202e/u)
  assert.match(out, /]0;owned��read�� +yes/)
})

test('no tools, nobody, an answer of something else, no service and no toolset', async (t) => {
  assert.match((await access(t, matrix({}), 's')).out, /It has no tools/)
  assert.match((await access(t, matrix({ tools: ['a'] }), 's')).out, /Nobody is let in yet/)
  const odd = await access(t, [], 's')
  assert.equal(odd.code, 1)
  assert.match(odd.err, /same version/)
  const none = await access(t, {}, 'a/b?c')
  assert.deepEqual([none.code, none.err], [3, 'postern: The gateway answered 404: there is none'])
  assert.deepEqual(
    none.asked,
    ['services', 'toolsets'].map((kind) => `/api/v1/mcp-${kind}/a%2Fb%3Fc/access`),
  )
})
