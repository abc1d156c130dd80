import assert from 'node:assert/strict'
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { hashSecret, SeedError, StartError } from '@postern/server'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'
import { createTestDirectory, openTestStore, type TestDirectory } from '../directory/directory-fixture.ts'
import { demoPasswordFile, demoSecretFile } from './demo.ts'
import { applyStartSeed } from './start.ts'

type TestStore = Awaited<ReturnType<typeof openTestStore>>

describe('what a server starts with', () => {
  let store: TestStore
  let test: TestDirectory
  let folder: TemporaryFolder
  before(async () => {
    store = await openTestStore('sqlite::memory:')
  })
  after(() => store.close())
  beforeEach(async () => {
    test = await createTestDirectory(store)
    folder = await temporaryFolder()
  })
  afterEach(() => folder.remove())

  const start = (settings: { config?: string; mode?: 'production' } = {}, env = {}) =>
    applyStartSeed({
      directory: test.directory,
      settings: { mode: 'development', dataDir: folder.path, gatewayUrl: 'http://localhost:4701', ...settings },
      env,
    })

  const hashes = async () => (await test.directory.findClient('default', 'demo'))?.secrets.map(({ hash }) => hash)

  const signIn = async (password: string) =>
    (await test.directory.accounts.signIn('default', { name: 'demo', password, address: '::1' })).outcome

  async function seedFile(text: string): Promise<string> {
    const file = join(folder.path, 'seed.yaml')
    await writeFile(file, text)
    return file
  }

  it('is the demo in development: a pool, a client, a resource, a user, and private files with secret and password', async () => {
    const summary = await start()
    assert.equal(summary?.created, 4)
    const file = demoSecretFile(folder.path)
    const secret = (await readFile(file, 'utf8')).trim()
    assert.match(secret, /^[A-Za-z0-9_-]{43}$/)
    if (process.platform !== 'win32') assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.deepEqual(await hashes(), [hashSecret(secret)])
    const pool = await test.directory.findPool('default')
    assert.deepEqual([pool?.name, pool?.defaultResource], ['default', 'http://localhost:4701/mcp'])
    const password = (await readFile(demoPasswordFile(folder.path), 'utf8')).trim()
    if (process.platform !== 'win32') assert.equal((await stat(demoPasswordFile(folder.path))).mode & 0o777, 0o600)
    assert.equal(await signIn(password), 'ok')
    for (const value of [secret, password]) assert.ok(!JSON.stringify([summary, test.events]).includes(value))
  })

  it('is the same at the second start', async () => {
    await start()
    const secret = await readFile(demoSecretFile(folder.path), 'utf8')
    const before = await test.snapshot()
    test.clock.advance(60_000)
    assert.equal((await start())?.unchanged, 4)
    assert.deepEqual(await test.snapshot(), before)
    assert.equal(await readFile(demoSecretFile(folder.path), 'utf8'), secret)
  })

  it('takes a new secret when its file was lost', async () => {
    await start()
    const [old] = (await hashes()) ?? []
    await folder.remove()
    test.clock.advance(1)
    await start()
    const secret = (await readFile(demoSecretFile(folder.path), 'utf8')).trim()
    assert.deepEqual(await hashes(), [hashSecret(secret), old])
  })

  it('gives the user a new password when its file was lost, and leaves alone one that a person has set', async () => {
    await start()
    const file = demoPasswordFile(folder.path)
    const old = (await readFile(file, 'utf8')).trim()
    await rm(file)
    test.clock.advance(1)
    await start()
    const password = (await readFile(file, 'utf8')).trim()
    assert.notEqual(password, old)
    assert.deepEqual([await signIn(password), await signIn(old)], ['ok', 'wrong'])

    const user = await test.directory.accounts.findByName('default', 'demo')
    await test.directory.users.setPassword('default', user?.id ?? '', 'Of-my-own-1', { permanent: true })
    await start()
    assert.equal(await signIn('Of-my-own-1'), 'ok')
  })

  it('has no user where people of the pool sign in with something else', async () => {
    await test.directory.pools.create({ id: 'default', name: 'default', signInAttributes: ['email'] })
    assert.equal((await start())?.created, 2)
    await assert.rejects(stat(demoPasswordFile(folder.path)), { code: 'ENOENT' })
  })

  it('refuses a password file that is empty', async () => {
    await writeFile(demoPasswordFile(folder.path), '\n', { mode: 0o600 })
    await assert.rejects(
      start(),
      (error: unknown) =>
        error instanceof StartError && /demo-password must hold a password; remove/.test(error.message),
    )
    assert.equal(await test.directory.findPool('default'), undefined)
  })

  it('refuses a secret file that others can read, or that holds no secret', async () => {
    const file = demoSecretFile(folder.path)
    await writeFile(file, 'too short\n', { mode: 0o600 })
    const noSecret = (error: unknown) =>
      error instanceof StartError && /demo-secret must hold 32 or more .*; remove it/.test(error.message)
    await assert.rejects(start(), noSecret)
    if (process.platform === 'win32') return
    await chmod(file, 0o644)
    await assert.rejects(start(), (error: unknown) => error instanceof StartError && /chmod 600/.test(error.message))
    assert.equal(await test.directory.findPool('default'), undefined)
  })

  it('is nothing in production', async () => {
    assert.equal(await start({ mode: 'production' }), undefined)
    assert.deepEqual((await test.directory.pools.list({ limit: 1 })).items, [])
    await assert.rejects(stat(demoSecretFile(folder.path)), { code: 'ENOENT' })
    await assert.rejects(stat(demoPasswordFile(folder.path)), { code: 'ENOENT' })
  })

  it('is the seed file where one is named, and no demo', async () => {
    const text = `version: 1\npools:\n  - id: lab\n    name: \${NAME:-Lab}\n    resources: [{ identifier: /mcp }]\n`
    const config = await seedFile(text)
    assert.equal((await start({ config }, { NAME: 'Laboratory' }))?.created, 2)
    assert.equal((await test.directory.pools.get('lab')).name, 'Laboratory')
    assert.equal(await test.directory.findPool('default'), undefined)
  })

  it('names file, line and field of what the directory refuses, and writes nothing', async () => {
    const text = [
      'version: 1',
      'pools:',
      '  - id: lab',
      '    resources: [{ identifier: /mcp }]',
      '    clients:',
      '      - clientId: agent',
      '        clientType: MACHINE_TO_MACHINE',
      `        clientSecret: ${'x'.repeat(32)}`,
      '        resources:',
      '          - /mcp',
      '          - /none',
    ]
    const config = await seedFile(text.join('\n'))
    const before = await test.snapshot()
    await assert.rejects(start({ config }), (error: unknown) => {
      assert.ok(error instanceof SeedError)
      const [issue] = error.issues
      assert.deepEqual(
        [issue?.file, issue?.line, issue?.field],
        [config, 11, 'pools[0].clients[0].resources[1]'],
        error.message,
      )
      assert.match(error.message, /seed\.yaml:11:\d+: pools\[0\]\.clients\[0\]\.resources\[1\]: .*create it first/)
      return true
    })
    assert.deepEqual(await test.snapshot(), before)
  })
})
