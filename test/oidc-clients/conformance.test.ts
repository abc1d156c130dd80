// The conformance suite of the Model Context Protocol for authorization servers, against a pool that approves by itself.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Idp, startIdp, type TestPool } from '@postern/idp/testing'
import { freePort } from '../free-port.ts'

const mcp = 'https://mcp.example/mcp'
const suite = fileURLToPath(new URL('../../node_modules/@modelcontextprotocol/conformance/', import.meta.url))

let idp: Idp
let pool: TestPool

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({ name: 'conformance', resources: [{ identifier: mcp, scopes: [{ name: 'read' }] }] })
  await pool.createUser({ preferredUsername: 'ada' })
})
after(() => idp.close())

/** Runs the suite; whoever would open the printed link in a browser is a plain request here. */
async function run(options: readonly string[]) {
  const args = ['dist/index.js', 'authorization', '--url', pool.issuer, ...options]
  const child = spawn(process.execPath, args, { cwd: suite, timeout: 120_000, killSignal: 'SIGKILL' })
  const exited = once(child, 'exit')
  let output = ''
  let opened: Promise<Response> | undefined
  const read = (chunk: Buffer) => {
    output += chunk.toString()
    const [link] = /http:\/\/localhost:\d+\/pools\/\S+\/auth\?\S+(?=\s)/.exec(output) ?? []
    if (link !== undefined) opened ??= fetch(link)
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const [code] = await exited
  await opened
  return { code, output }
}

function assertPassed({ code, output }: Awaited<ReturnType<typeof run>>): void {
  assert.equal(code, 0, output)
  assert.match(output, /(?:Total: [1-9]\d* passed|Passed: ([1-9]\d*)\/\1), 0 failed/)
  assert.doesNotMatch(output, /WARN|✗/)
}

for (const [what, options] of [
  ['without a resource', []],
  ['with a resource', ['--resource', mcp]],
] as const) {
  test(`every check passes, ${what}`, async () => {
    const port = await freePort()
    const { clientId } = await pool.createClient({
      name: `conformance ${what}`,
      clientType: 'MOBILE_APPLICATION',
      redirectUris: [`http://127.0.0.1:${port}/callback`],
      unattendedUser: 'ada',
    })
    assertPassed(await run(['--client-id', clientId, '-p', String(port), ...options]))
  })
}

test('the metadata alone needs no client', async () => {
  assertPassed(await run(['--scenario', 'authorization-server-metadata-endpoint']))
})
