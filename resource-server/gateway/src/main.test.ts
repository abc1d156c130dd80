import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@postern/server/testing'
import { eventually, restOf } from './testing/rest.ts'
import { version } from './version.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const adminToken = 'admin-token-of-the-main-tests'

interface Run {
  readonly child: ChildProcess
  readonly url: Promise<string>
  /** What was printed, and how it ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>
}

/** Runs the gateway as a process, with nothing of our own environment but the path. */
function run(dataDir: string, env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      POSTERN_DATA_DIR: dataDir,
      POSTERN_GATEWAY_PORT: '0',
      POSTERN_ADMIN_TOKEN: adminToken,
      NODE_NO_WARNINGS: '1',
      ...env,
    },
  })
  let output = ''
  const url = Promise.withResolvers<string>()
  url.promise.catch(() => {})
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const found = /"url":"([^"]+)"/.exec(output)?.[1]
      if (found !== undefined) url.resolve(found)
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => {
    url.reject(new Error(`it ended: ${output}`))
    return { code, signal, output }
  })
  started.push(child)
  return { child, url: url.promise, ended }
}

/** A test that fails leaves its gateway running, and the pipes to it would keep this process. */
const started: ChildProcess[] = []
after(() => {
  for (const child of started) child.kill('SIGKILL')
})

async function folderWith(files: Record<string, string> = {}) {
  const folder = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), text)
  }
  return { path: folder.path, [Symbol.asyncDispose]: folder.remove }
}

/** The processes that a process has started and that run, its grandchildren included. */
async function descendants(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const children = text.split(' ').filter(Boolean).map(Number)
  const below = await Promise.all(children.map(descendants))
  return [...children, ...below.flat()]
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('what keeps the gateway from starting is one sentence', { concurrency: 3 }, () => {
  const refusals: [what: string, env: Record<string, string>, files: Record<string, string>, sentence: RegExp][] = [
    [
      'an unknown mode',
      { POSTERN_MODE: 'test' },
      {},
      /^postern-gateway: POSTERN_MODE must be development or production/,
    ],
    [
      'production with http URLs',
      { POSTERN_MODE: 'production', POSTERN_ADMIN_TOKEN: 'a'.repeat(40), POSTERN_ENCRYPTION_KEY: 'A'.repeat(43) },
      {},
      /^postern-gateway: .*needs https public URLs; set POSTERN_IDP_URL/,
    ],
    [
      'a seed file that is not there',
      { POSTERN_CONFIG: 'nowhere.yaml' },
      {},
      /the seed file nowhere\.yaml cannot be read/,
    ],
    [
      'a corrupt database',
      {},
      { 'gateway/gateway.db': 'this is no database'.repeat(1000) },
      /is corrupt or is no SQLite/,
    ],
    [
      'a key that the database was not made with',
      { POSTERN_ENCRYPTION_KEY: `${'B'.repeat(42)}A` },
      { 'made-first': '' },
      /sealed with another encryption key/,
    ],
  ]
  for (const [what, env, files, sentence] of refusals) {
    test(what, async () => {
      await using folder = await folderWith(files)
      if ('made-first' in files) {
        const first = run(folder.path)
        await first.url
        first.child.kill('SIGTERM')
        assert.equal((await first.ended).code, 0)
      }
      const { code, output } = await run(folder.path, { POSTERN_LOG_LEVEL: 'warn', ...env }).ended
      assert.equal(code, 1, output)
      assert.match(output, sentence)
      assert.doesNotMatch(output, /\n\s+at /, 'no stack')
      assert.ok(!output.includes(adminToken))
    })
  }

  test('a port that is taken', async () => {
    await using folder = await folderWith()
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    try {
      const { code, output } = await run(folder.path, { POSTERN_GATEWAY_PORT: String(port) }).ended
      assert.equal(code, 1)
      assert.match(output, /^postern-gateway: port \d+ on 127\.0\.0\.1 is in use; .*POSTERN_GATEWAY_PORT/m)
    } finally {
      other.close()
    }
  })

  test('a mistake in the seed file: file, line and field', async () => {
    await using folder = await folderWith({
      'seed.yaml': 'version: 1\nservices:\n  - id: tools\n    path: /api/tools\n    backend: { type: builtin }\n',
    })
    const { code, output } = await run(folder.path, { POSTERN_CONFIG: join(folder.path, 'seed.yaml') }).ended
    assert.equal(code, 1)
    assert.match(output, /seed\.yaml:4:\d+: services\[0\]\.path: \/api is taken by the gateway itself/)
  })
})

describe('the gateway as a process', () => {
  const oddServer = fileURLToPath(new URL('./backends/fixtures/odd-server.ts', import.meta.url))
  const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} ends it and every process that it started`, { skip: process.platform !== 'linux' }, async () => {
      await using folder = await folderWith()
      const gateway = run(folder.path)
      const call = restOf({ url: await gateway.url, adminToken })
      const { body: service } = await call('POST', '/mcp-services', {
        name: 'everything',
        path: '/everything',
        backend: { type: 'stdio', command: process.execPath, args: [everything, 'stdio'] },
        authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }],
      })
      await eventually('Ready', async () =>
        (await call('GET', `/mcp-services/${service.id}`)).body.status === 'Ready' ? true : undefined,
      )
      const response = await fetch(service.url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${service.authorizers[0].apiKeys[0].key}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      })
      assert.match(await response.text(), /echo/)
      const pid = gateway.child.pid ?? 0
      const started = await descendants(pid)
      assert.ok(started.length > 0)
      gateway.child.kill(signal)
      const { code, output } = await gateway.ended
      assert.equal(code, 0, output)
      await eventually('the end of its processes', () => (started.some(isAlive) ? undefined : true))
      assert.ok(!output.includes(adminToken))
    })
  }

  test('in development, without a configuration: the demo service, once', async () => {
    await using folder = await folderWith()
    for (let start = 0; start < 2; start++) {
      const gateway = run(folder.path, { POSTERN_IDP_URL: 'http://localhost:9' })
      const url = await gateway.url
      const { body } = await restOf({ url, adminToken })('GET', '/mcp-services')
      assert.equal(body.items.length, 1)
      const [everyday] = body.items
      assert.equal(everyday.id, 'everyday')
      assert.equal(everyday.url, `${url}/mcp`)
      assert.deepEqual(everyday.backend, { type: 'builtin' })
      assert.deepEqual(everyday.authorizers, [
        {
          type: 'CustomJWT',
          discoveryUrl: 'http://localhost:9/pools/default/.well-known/openid-configuration',
          issuer: 'http://localhost:9/pools/default',
        },
        { type: 'ApiKey', apiKeys: [] },
      ])
      gateway.child.kill('SIGTERM')
      assert.equal((await gateway.ended).code, 0)
    }
  })

  test('a second one on the same data folder is refused in a sentence, and the first goes on', async () => {
    await using folder = await folderWith()
    const first = run(folder.path)
    const url = await first.url
    const { code, output } = await run(folder.path).ended
    assert.equal(code, 1)
    assert.match(
      output,
      /^postern-gateway: another gateway \(process \d+ on \S+\) works on this database; stop it, or/m,
    )
    assert.doesNotMatch(output, /\n\s+at /, 'no stack')
    assert.equal((await fetch(`${url}/readyz`)).status, 200)
    first.child.kill('SIGTERM')
    assert.equal((await first.ended).code, 0)
  })

  test('a backend’s process has nothing of the gateway’s secrets in its environment', async () => {
    await using folder = await folderWith()
    const encryptionKey = `${'K'.repeat(42)}A`
    const gateway = run(folder.path, {
      POSTERN_ENCRYPTION_KEY: encryptionKey,
      POSTERN_LOG_LEVEL: 'trace',
      AWS_SECRET_ACCESS_KEY: 'of-the-gateway-alone',
      NODE_OPTIONS: '--stack-trace-limit=7',
    })
    const call = restOf({ url: await gateway.url, adminToken })
    const env = { OWN: 'own-value-of-the-service' }
    const { body: service } = await call('POST', '/mcp-services', {
      name: 'odd',
      path: '/odd',
      backend: { type: 'stdio', command: process.execPath, args: [oddServer, 'plain'], env },
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }],
    })
    await eventually('Ready', async () =>
      (await call('GET', `/mcp-services/${service.id}`)).body.status === 'Ready' ? true : undefined,
    )
    const { key } = service.authorizers[0].apiKeys[0]
    const response = await fetch(service.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'env' } }),
    })
    const text = await response.text()
    assert.match(text, /own-value-of-the-service/)
    // The mark by which its children are found says nothing to anybody else.
    const others = text.replaceAll('POSTERN_BACKEND', '')
    for (const secret of [adminToken, encryptionKey, 'of-the-gateway-alone', 'stack-trace-limit', 'POSTERN_', key]) {
      assert.ok(!others.includes(secret), secret)
    }
    gateway.child.kill('SIGTERM')
    const { output } = await gateway.ended
    for (const secret of [adminToken, encryptionKey, key, env.OWN]) assert.ok(!output.includes(secret), secret)
  })

  test('killed amid a burst of writes, it has all that was answered with 2xx', async () => {
    await using folder = await folderWith()
    const gateway = run(folder.path, { POSTERN_LOG_LEVEL: 'info' })
    const call = restOf({ url: await gateway.url, adminToken })
    const acknowledged = new Set<string>()
    const burst = Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let n = 0; n < 200; n++) {
          const path = `/lane-${lane}/service-${n}`
          const answer = await call('POST', '/mcp-services', { name: path, path, backend: { type: 'builtin' } }).catch(
            () => undefined,
          )
          if (answer === undefined) return
          assert.equal(answer.status, 201)
          acknowledged.add(answer.body.id)
        }
      }),
    )
    await eventually('some writes', () => (acknowledged.size >= 40 ? true : undefined))
    gateway.child.kill('SIGKILL')
    await burst
    await gateway.ended

    const again = run(folder.path)
    const ask = restOf({ url: await again.url, adminToken })
    for (const id of acknowledged) assert.equal((await ask('GET', `/mcp-services/${id}`)).status, 200)
    again.child.kill('SIGTERM')
    await again.ended
  })
})

test('the version is that of the package', async () => {
  const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  assert.equal(typeof manifest === 'object' && manifest && 'version' in manifest && manifest.version, version)
})
