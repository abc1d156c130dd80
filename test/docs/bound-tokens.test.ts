import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type Client, DpopSession } from '@modelcontextprotocol/client'
import { createReplayStore } from '@postern/resource-server'
import { createCertificate, createDpopKey, createFakeIssuer, type FakeIssuer } from '@postern/resource-server/testing'
import { freePort } from '../free-port.ts'

const root = join(import.meta.dirname, '..', '..')
const markdown = await readFile(join(root, 'docs', 'kit', 'bound-tokens.md'), 'utf8')
const run = promisify(execFile)

// Every snippet is a file of its own, named behind its fence, and does what the page says of it.
describe('docs/kit/bound-tokens.md is true', { timeout: 120_000 }, () => {
  let folder: string
  let issuer: FakeIssuer
  let resource: string
  let server: ChildProcess

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-docs-'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const port = await freePort()
    resource = `http://localhost:${port}/mcp`
    issuer = await createFakeIssuer({ audience: resource })
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    for (const [name, text] of snippets()) {
      const local = text.replace('http://localhost:3000', `http://localhost:${port}`).replace('(3000)', `(${port})`)
      const isServer = name === 'server.ts'
      await writeFile(join(folder, name), isServer ? local.replace('https://as.example', issuer.issuer) : local)
    }
    server = spawn(process.execPath, ['server.ts'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
    await untilAnswered(resource)
  })
  after(async () => {
    server.kill()
    await once(server, 'exit')
    await issuer.close()
    await rm(folder, { recursive: true })
  })

  const load = (name: string): Promise<Record<string, (...args: unknown[]) => unknown>> => import(join(folder, name))

  test('the snippets compile', async () => {
    const options = '--ignoreConfig --allowImportingTsExtensions --noEmit --strict --module nodenext --target es2024'
    const names = snippets().map(([name]) => name)
    const args = [...options.split(' '), '--skipLibCheck', '--types', 'node', ...names]
    await run(join(root, 'node_modules', '.bin', 'tsc'), args, { cwd: folder }).catch((error: { stdout?: string }) =>
      assert.fail(error.stdout),
    )
  })

  test('the client gets to the tool, which knows the key and the actor', async () => {
    const { connect } = await load('client.ts')
    const session = await DpopSession.create()
    const token = issuer.mint({ cnf: { jkt: session.thumbprint }, act: { sub: 'agent' } })
    const client = (await connect?.(new URL(resource), session, token)) as Client
    const { content } = await client.callTool({ name: 'whoami' })
    assert.deepEqual(content, [{ type: 'text', text: `user-1 by agent with ${session.thumbprint}` }])
    await client.close()
    const thief = await DpopSession.create()
    await assert.rejects(async () => connect?.(new URL(resource), thief, token), /invalid_token/)
  })

  test('nobody gets in without a new proof of the key', async () => {
    const key = createDpopKey()
    const token = issuer.mint({ cnf: { jkt: key.thumbprint } })
    const ask = (headers: Record<string, string>) => fetch(resource, { method: 'POST', headers })
    const proof = key.prove({ url: resource, token })
    const good = await ask({ authorization: `DPoP ${token}`, dpop: proof })
    assert.notEqual(good.status, 401)
    for (const headers of [
      { authorization: `DPoP ${token}`, dpop: proof },
      { authorization: `Bearer ${token}` },
      { authorization: `Bearer ${issuer.mint()}` },
    ]) {
      const refused = await ask(headers)
      assert.equal(refused.status, 401)
      assert.match(refused.headers.get('www-authenticate') ?? '', /^DPoP algs="ES256 /)
    }
  })

  test('the shared store says what is new, and the nonces take its word', async () => {
    const { redisStore } = await load('replay-store.ts')
    const { createGuarded } = await load('nonces.ts')
    const kept = createReplayStore()
    const redis = {
      set: async (key: string, _: string, options: { NX: true; EXAT: number }) =>
        (await kept.add(key, options.EXAT)) ? 'OK' : null,
    }
    const store = redisStore?.(redis) as ReturnType<typeof createReplayStore>
    const soon = Math.floor(Date.now() / 1000) + 60
    assert.deepEqual([await store.add('a', soon), await store.add('a', soon)], [true, false])
    assert.ok(createGuarded?.('s'.repeat(32), store))
    assert.throws(() => createGuarded?.('short', store), /dpop\.nonce\.secret/)
  })

  test('mTLS: the certificate of the connection, or where the callback finds it', async () => {
    const { createTlsServer } = await load('mtls.ts')
    const [own, client] = [createCertificate('server'), createCertificate('client')]
    const tls = createTlsServer?.(resource, issuer.issuer, own) as import('node:https').Server
    tls.listen(0, '127.0.0.1')
    await once(tls, 'listening')
    const { port } = tls.address() as AddressInfo
    const token = issuer.mint({ cnf: { 'x5t#S256': createHash('sha256').update(client.der).digest('base64url') } })
    const ask = (identity: object) =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}` }
        const target = { host: '127.0.0.1', port, path: '/mcp', rejectUnauthorized: false, agent: false, headers }
        request({ ...target, ...identity }, (res) => res.resume().on('end', () => resolve(res.statusCode)))
          .on('error', reject)
          .end()
      })
    assert.equal(await ask({ key: client.key, cert: client.cert }), 200)
    assert.equal(await ask({}), 401)
    tls.closeAllConnections()
    await new Promise((resolve) => tls.close(resolve))
    assert.ok((await load('proxy.ts'))['rs'])
  })

  test('the test passes', async () => {
    const { stdout } = await run(process.execPath, ['--test', 'bound.test.ts'], {
      cwd: folder,
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    })
    assert.match(stdout, /pass 1/)
  })
})

/** The snippets by the name behind their fence. */
function snippets(): (readonly [name: string, text: string])[] {
  const found = [...markdown.matchAll(/^```(\S+) ?(\S*)\n([\s\S]*?)^```$/gm)]
  assert.ok(found.every(([, language, name]) => language === 'ts' && name?.endsWith('.ts')))
  return found.map(([, , name = '', text = '']) => [name, text])
}

async function untilAnswered(url: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await fetch(url).catch(() => undefined)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`nothing answered at ${url} within 30 s`)
}
