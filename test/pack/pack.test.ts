import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { freePort } from '../free-port.ts'
import { pack } from '../house/pack.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** The design's sample of use in a test. */
const inATest = `
import { startIdp } from '@postern/idp/testing'
const mcpUrl = 'http://localhost:3000/mcp'
const idp = await startIdp()
const pool = await idp.createPool({ name: 'tests', resources: [{ identifier: mcpUrl }] })
const token: string = await pool.token({ client: await pool.createClient({ name: 'agent' }) })
console.log(JSON.parse(atob(token.split('.')[1] ?? '')).aud)
await idp.close()
`

/** The design's sample of the kit, with an issuer and a caller around it. */
const guarded = `
import { once } from 'node:events'
import { startIdp } from '@postern/idp/testing'
import { type AuthInfo, createResourceServer } from '@postern/resource-server'
import { guard, metadata } from '@postern/resource-server/express'
import express from 'express'

const idp = await startIdp()
const app = express()
const server = app.listen(0)
await once(server, 'listening')
const address = server.address()
if (address === null || typeof address === 'string') throw new Error('no port')
const mcpUrl = \`http://localhost:\${address.port}/mcp\`
const pool = await idp.createPool({ name: 'tests', resources: [{ identifier: mcpUrl }] })
const { issuer } = pool

const rs = createResourceServer({ resource: mcpUrl, issuers: [{ issuer }] })
app.use(metadata(rs))
app.all('/mcp', guard(rs), (req, res) => { res.json({ clientId: (req as typeof req & { auth: AuthInfo }).auth.clientId }) })

const client = await pool.createClient({ name: 'agent' })
const bare = await fetch(mcpUrl)
const known = await fetch(mcpUrl, { headers: { authorization: \`Bearer \${await pool.token({ client })}\` } })
const described = await fetch(mcpUrl.replace('/mcp', '/.well-known/oauth-protected-resource/mcp'))
console.log(JSON.stringify([bare.status, known.status, typeof (await known.json()).clientId, (await described.json()).resource === mcpUrl]))
server.close()
await rs.close()
await idp.close()
`

describe('the packed packages, installed in an empty folder', { timeout: 600_000 }, () => {
  let folder: string
  let tarballs: string[]
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` }
  delete env['NODE_TEST_CONTEXT']

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-installed-'))
    tarballs = await pack(join(folder, 'tarballs'))
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }))
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
    await execute('npm', ['install', ...quiet, ...tarballs, 'express@5', '@types/express@5', '@types/node@24'], {
      cwd: folder,
      env,
    })
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('there is a tarball of each, with a manifest on dist, its licence and nothing of the sources', async () => {
    assert.deepEqual(
      tarballs.map((path) => basename(path).replace(/-\d.*/, '')),
      ['postern-core', 'postern-server', 'postern-resource-server', 'postern-gateway', 'postern-idp'],
    )
    for (const tarball of tarballs) {
      const names = (await execute('tar', ['-tzf', tarball])).stdout.trim().split('\n')
      assert.ok(names.includes('package/LICENSE') && names.includes('package/README.md'), tarball)
      assert.deepEqual(
        names.filter((name) => /\.test\.|[^d]\.ts$|node_modules/.test(name)),
        [],
        tarball,
      )
    }
    const idp = JSON.parse(await readFile(join(folder, 'node_modules', '@postern', 'idp', 'package.json'), 'utf8'))
    assert.deepEqual(
      [idp.engines, idp.exports['.'].default, idp.devDependencies],
      [{ node: '>=24' }, './dist/index.js', undefined],
    )
    const kit = JSON.parse(
      await readFile(join(folder, 'node_modules', '@postern', 'resource-server', 'package.json'), 'utf8'),
    )
    assert.deepEqual(kit.engines, { node: '>=20' })
  })

  test('their types are found by a strict program', async () => {
    await writeFile(join(folder, 'in-a-test.ts'), inATest)
    await writeFile(join(folder, 'guarded.ts'), guarded)
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      'node',
      '--skipLibCheck',
    ]
    const checked = execute(process.execPath, [tsc, '--ignoreConfig', ...options, 'in-a-test.ts', 'guarded.ts'], {
      cwd: folder,
      env,
    })
    await checked.catch((error: Error & { stdout?: string }) => assert.fail(error.stdout ?? error.message))
  })

  test('a whole provider in a test', async () => {
    await writeFile(join(folder, 'in-a-test.ts'), inATest)
    const { stdout } = await execute(process.execPath, ['in-a-test.ts'], { cwd: folder, env })
    assert.equal(stdout.trim(), 'http://localhost:3000/mcp')
  })

  test('an Express app guarded by the kit', async () => {
    await writeFile(join(folder, 'guarded.ts'), guarded)
    const { stdout } = await execute(process.execPath, ['guarded.ts'], { cwd: folder, env })
    assert.deepEqual(JSON.parse(stdout), [401, 200, 'string', true])
  })

  test('npx postern serve starts both servers, a token opens the one with the other, and Ctrl-C ends them', async () => {
    const ports = { POSTERN_IDP_PORT: `${await freePort()}`, POSTERN_GATEWAY_PORT: `${await freePort()}` }
    const options = { cwd: folder, env: { ...env, ...ports } }
    const house = spawn('npx', ['--no-install', 'postern', 'serve'], {
      ...options,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(house, 'exit')
    try {
      await printed(house, /claude mcp add/)
      const token = (await execute('npx', ['--no-install', 'postern', 'token', 'demo'], options)).stdout.trim()
      const response = await fetch(`http://localhost:${ports.POSTERN_GATEWAY_PORT}/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'whoami', arguments: {} },
        }),
      })
      assert.equal(response.status, 200)
      assert.match(await response.text(), /demo/)
    } finally {
      // Ctrl-C reaches the whole group of the terminal, npx included.
      if (house.pid !== undefined && house.exitCode === null) process.kill(-house.pid, 'SIGINT')
      await exited
    }
    for (const port of Object.values(ports)) await assert.rejects(fetch(`http://localhost:${port}/readyz`))
  })
})

function printed(child: ChildProcess, pattern: RegExp): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (pattern.test(text)) resolve()
  })
  child.once('exit', () => reject(new Error(`it ended too early; it printed: ${text}`)))
  return promise
}
