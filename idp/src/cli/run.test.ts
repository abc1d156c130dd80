import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { run } from './run.ts'

interface Ran {
  readonly code: number | undefined
  readonly out: string
  readonly err: string
}

/** Runs the command in this process, as a person without a terminal would see it. */
async function postern(argv: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const terminal = {
    env,
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    status: () => {},
  }
  const code = await run(argv, terminal)
  return { code, out: out.join('\n'), err: err.join('\n') }
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'postern-cli-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

/** A program that is not Postern, on a port of its own. */
async function stranger(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `http://127.0.0.1:${address.port}`
}

describe('usage', () => {
  test('no verb: the help on stderr, 2', async () => {
    const { code, out, err } = await postern([])
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /Usage: postern/)
  })

  test('--help: the help on stdout, 0, and each verb lists the options of all', async () => {
    const { code, out } = await postern(['--help'])
    assert.equal(code, 0)
    for (const verb of ['serve', 'token', 'apply', 'export', 'check']) assert.match(out, new RegExp(`^  ${verb} `, 'm'))
    assert.match((await postern(['token', '--help'])).out, /--admin-token/)
  })

  const mistakes: [string, string[], RegExp][] = [
    ['a mistyped verb', ['tokn'], /unknown command 'tokn'\n\(Did you mean token\?\)/],
    ['a verb like no other', ['frobnicate'], /unknown command 'frobnicate'/],
    ['a mistyped option', ['apply', 'x.yaml', '--prun'], /unknown option '--prun'\n\(Did you mean --prune\?\)/],
    ['a missing argument', ['token'], /missing required argument 'client'/],
    ['one argument too many', ['export', 'x'], /too many arguments/],
    ['a server that is none', ['serve', 'both'], /Choose idp or gateway\./],
    ['a lifetime that is no number', ['token', 'demo', '--ttl', '1h'], /Give whole seconds, 1 or more\./],
    [
      'a URL that is none',
      ['token', 'demo', '--idp-url', 'localhost'],
      /--idp-url: 'localhost' is not a URL; give an origin/,
    ],
    [
      'a URL of another scheme',
      ['export', '--gateway-url', 'ftp://localhost'],
      /--gateway-url: 'ftp:\/\/localhost' is not/,
    ],
    [
      'an admin token over plain http to a public host',
      ['token', 'demo', '--idp-url', 'http://idp.example.com'],
      /--idp-url: http:\/\/idp\.example\.com would carry the admin token in the clear; use https/,
    ],
  ]
  for (const [what, argv, expected] of mistakes) {
    test(`${what}: 2`, async () => {
      const { code, out, err } = await postern(argv)
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, expected)
    })
  }
})

describe('a server that cannot help', () => {
  // Port 2 of the loopback address answers nobody.
  const nowhere = { POSTERN_IDP_URL: 'http://127.0.0.1:2', POSTERN_GATEWAY_URL: 'http://127.0.0.1:2' }

  test('nobody answers: 4, with the URL and what to start', async () => {
    const { code, out, err } = await postern(['token', 'demo'], nowhere)
    assert.deepEqual([code, out], [4, ''])
    assert.equal(
      err,
      'postern: The identity provider does not answer at http://127.0.0.1:2 (ECONNREFUSED). Start it with `npm start` ' +
        'or `docker compose up`, or say with --idp-url where it is.',
    )
  })

  test('with --json the failure is JSON on stdout', async () => {
    const { code, out, err } = await postern(['export', '--json'], nowhere)
    assert.deepEqual([code, err], [4, ''])
    const { ok, kind, url } = JSON.parse(out)
    assert.deepEqual({ ok, kind, url }, { ok: false, kind: 'unreachable', url: 'http://127.0.0.1:2' })
  })

  test('another program is on the port: 1, and a redirect is not followed with the admin token', async (t) => {
    const url = await stranger(t, (_, response) => response.end('<h1>hello</h1>'))
    const { code, err } = await postern(['token', 'demo', '--idp-url', url, '--admin-token', 'kept-secret'])
    assert.equal(code, 1)
    assert.match(err, /answered 200 without a word that Postern would use; is another program on that port\?/)

    const seen: (string | undefined)[] = []
    const target = await stranger(t, (request, response) => {
      seen.push(request.headers.authorization)
      response.end('{}')
    })
    const from = await stranger(t, (_, response) => response.writeHead(302, { location: target }).end())
    const redirected = await postern(['token', 'demo', '--idp-url', from, '--admin-token', 'kept-secret'])
    assert.deepEqual([redirected.code, seen], [1, []])
    assert.doesNotMatch(redirected.err, /kept-secret/)
  })
})

describe('check', () => {
  const good = `version: 1\npools:\n  - id: agents\n    clients:\n      - {clientId: a, clientType: MACHINE_TO_MACHINE, clientSecret: "\${SECRET}"}\n`

  test('a file without mistakes: 0', async (t) => {
    const file = join(await folder(t), 'seed.yaml')
    await writeFile(file, good)
    const env = { SECRET: 's'.repeat(32) }
    assert.deepEqual(await postern(['check', file], env), {
      code: 0,
      out: `${file}: no mistakes (1 pool, 0 services)`,
      err: '',
    })
    assert.deepEqual(JSON.parse((await postern(['check', file, '--json'], env)).out), {
      ok: true,
      pools: 1,
      services: 0,
      toolsets: 0,
    })
  })

  test('mistakes: 1, each as file:line:column field message', async (t) => {
    const file = join(await folder(t), 'seed.yaml')
    await writeFile(file, 'version: 1\npools:\n  - id: agents\n    acessTokenTtl: 60\n')
    const { code, out, err } = await postern(['check', file])
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /seed\.yaml has 1 mistake:\n {2}.*seed\.yaml:4:\d+ pools\[0\]\.acessTokenTtl .*accessTokenTtl/)
    const json = JSON.parse((await postern(['check', file, '--json'])).out)
    assert.deepEqual([json.ok, json.issues.length, json.issues[0].line], [false, 1, 4])
  })

  test('a file that is not there: 1, with its name', async (t) => {
    const { code, err } = await postern(['check', join(await folder(t), 'none.yaml')])
    assert.equal(code, 1)
    assert.match(err, /none\.yaml/)
  })
})

test('a reader that has read enough is no failure', async () => {
  const bin = join(import.meta.dirname, '..', '..', 'bin', 'postern.js')
  const child = spawn(process.execPath, [bin, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk
  })
  const [code] = await once(child, 'close')
  assert.deepEqual([code, err], [0, ''])
})

test('an old Node gets a sentence and not a stack', async () => {
  const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.1.0'}});Object.defineProperty(process,'version',{value:'v20.1.0'})`
  const bin = join(import.meta.dirname, '..', '..', 'bin', 'postern.js')
  const ran = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile(process.execPath, ['--import', old, bin, 'token', 'demo'], (error, _, stderr) =>
      resolve({ code: error?.code, stderr }),
    )
  })
  assert.equal(ran.code, 1)
  assert.match(ran.stderr, /^postern: needs Node 24 or newer, and this is v20\.1\.0\. .*npx --no-install postern/)
  assert.equal(ran.stderr.trim().split('\n').length, 1)
})
