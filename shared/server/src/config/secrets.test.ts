import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, test } from 'node:test'
import { createSealer } from '../seal.ts'
import { StartError } from '../start-error.ts'
import { openStore } from '../store/open-store.ts'
import { captureLog } from '../testing/captured-log.ts'
import { type TemporaryFolder, temporaryFolder } from '../testing/temporary-folder.ts'
import { bindKey } from './bind-key.ts'
import { loadSecrets } from './secrets.ts'
import { readSettings } from './settings.ts'

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const settingsOf = (env: Record<string, string> = {}) =>
  readSettings({ POSTERN_DATA_DIR: join(folder.path, 'data'), ...env }, 'idp')

async function refusal(): Promise<StartError> {
  try {
    await loadSecrets(settingsOf())
  } catch (error) {
    assert.ok(error instanceof StartError, String(error))
    return error
  }
  return assert.fail('it loaded')
}

test('both are made at first start, private, and stay', async () => {
  const first = await loadSecrets(settingsOf())
  assert.match(first.adminToken, /^[A-Za-z0-9_-]{43}$/)
  assert.equal(first.encryptionKey.length, 32)
  assert.equal(first.adminTokenFile, join(folder.path, 'data', 'admin-token'))
  assert.deepEqual(await loadSecrets(settingsOf()), first)
  const names = (await readdir(join(folder.path, 'data'))).sort()
  assert.deepEqual(names, ['admin-token', 'encryption-key'], 'no draft is left')
  for (const name of names) assert.equal((await stat(join(folder.path, 'data', name))).mode & 0o777, 0o600)
})

test('variables come first, and then no file is made', async () => {
  const key = randomBytes(32)
  const secrets = await loadSecrets(
    settingsOf({ POSTERN_ADMIN_TOKEN: 'x'.repeat(20), POSTERN_ENCRYPTION_KEY: key.toString('base64url') }),
  )
  assert.deepEqual(secrets, { adminToken: 'x'.repeat(20), encryptionKey: new Uint8Array(key) })
  await assert.rejects(stat(join(folder.path, 'data')), { code: 'ENOENT' })
})

test('processes that start at once agree on the values', async () => {
  const script = `
    import { loadSecrets } from ${JSON.stringify(join(import.meta.dirname, 'secrets.ts'))}
    import { readSettings } from ${JSON.stringify(join(import.meta.dirname, 'settings.ts'))}
    process.stdin.once('data', async () => {
      const secrets = await loadSecrets(readSettings({ POSTERN_DATA_DIR: ${JSON.stringify(folder.path)} }, 'idp'))
      process.stdout.write(secrets.adminToken + ' ' + Buffer.from(secrets.encryptionKey).toString('hex'))
      process.stdin.destroy()
    })
    process.stderr.write('ready')
  `
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module', '-e', script]))
  await Promise.all(children.map((child) => once(child.stderr, 'data')))
  for (const child of children) child.stdin.write('go')
  const values = await Promise.all(children.map(({ stdout }) => text(stdout)))
  assert.equal(new Set(values).size, 1, values.join('\n'))
  assert.match(values[0] ?? '', /^[\w-]{43} [0-9a-f]{64}$/)
  assert.deepEqual((await readdir(folder.path)).sort(), ['admin-token', 'encryption-key'])
})

test('a file that others can read', async () => {
  await loadSecrets(settingsOf())
  for (const name of ['admin-token', 'encryption-key']) {
    const file = join(folder.path, 'data', name)
    await chmod(file, 0o640)
    const error = await refusal()
    assert.equal(error.code, 'secret_file')
    assert.equal(error.message, `${file} can be used by others (mode 0640); run: chmod 600 ${file}`)
    await chmod(file, 0o600)
  }
})

test('a file with something else in it', async () => {
  const { adminToken } = await loadSecrets(settingsOf())
  for (const [name, content, expected] of [
    [
      'encryption-key',
      'dG9vIHNob3J0',
      /encryption-key must hold 32 bytes in base64url \(43 characters\); put back the right file/,
    ],
    ['encryption-key', '', /encryption-key must hold 32 bytes/],
    [
      'admin-token',
      'short',
      /admin-token must hold one line of 16 or more printable characters; correct it, or remove it/,
    ],
    ['admin-token', 'two lines that are\nlong enough', /admin-token must hold one line/],
  ] as const) {
    const file = join(folder.path, 'data', name)
    const before = await readFile(file)
    await writeFile(file, content)
    const error = await refusal()
    assert.equal(error.code, 'secret_file')
    assert.match(error.message, expected)
    await writeFile(file, before)
  }
  assert.equal((await loadSecrets(settingsOf())).adminToken, adminToken)
})

test('an admin token of 31 characters, which is long enough in development only', async () => {
  const file = join(folder.path, 'data', 'admin-token')
  const production = () =>
    loadSecrets(
      settingsOf({
        POSTERN_MODE: 'production',
        POSTERN_IDP_URL: 'https://idp.example',
        POSTERN_GATEWAY_URL: 'https://gateway.example',
        POSTERN_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
      }),
    )
  await mkdir(join(folder.path, 'data'))
  await writeFile(file, `${'x'.repeat(31)}\n`, { mode: 0o600 })
  assert.equal((await loadSecrets(settingsOf())).adminToken, 'x'.repeat(31))
  await assert.rejects(production(), (error) => {
    assert.ok(error instanceof StartError)
    assert.equal(error.code, 'secret_file')
    const what = 'must hold one line of 32 or more printable characters in production'
    assert.equal(error.message, `${file} ${what}; correct it, or remove it to have one made`)
    return true
  })
  await writeFile(file, `${'x'.repeat(32)}\n`)
  assert.equal((await production()).adminToken, 'x'.repeat(32))
})

test('a data folder that cannot be made', async () => {
  await writeFile(join(folder.path, 'data'), 'a file')
  const error = await refusal()
  assert.equal(error.code, 'data_folder')
  assert.match(
    error.message,
    /data\/encryption-key cannot be read or made \(ENOTDIR\); give this user write permission on its folder, or set POSTERN_ENCRYPTION_KEY/,
  )
})

test('a folder in the place of a file', async () => {
  await mkdir(join(folder.path, 'data', 'encryption-key'), { recursive: true, mode: 0o700 })
  assert.equal((await refusal()).code, 'data_folder')
})

test('a database is opened with the key that it was begun with, or not at all', async () => {
  const url = `sqlite:${join(folder.path, 'a.db')}`
  const key = randomBytes(32)
  const open = () => openStore({ url, migrations: {}, log: captureLog().log })
  const store = await open()
  try {
    await bindKey(store, createSealer(key))
    await bindKey(store, createSealer(key))
    await assert.rejects(bindKey(store, createSealer(randomBytes(32))), (error) => {
      assert.ok(error instanceof StartError)
      assert.equal(error.code, 'encryption_key')
      assert.match(error.message, /sealed with another encryption key; put back the POSTERN_ENCRYPTION_KEY/)
      return true
    })
    await bindKey(store, createSealer(key))
  } finally {
    await store.close()
  }
})
