import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { getuid } from 'node:process'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { createLogger, developmentAdminToken, generateSecret, openStore } from '@postern/server'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'
import { type IdpDatabase, idpMigrations } from './schema.ts'

const main = join(import.meta.dirname, 'main.ts')

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

interface As {
  readonly uid?: number
  readonly gid?: number
}

/** The program itself ends with 1 and sentences alone, which begin with its name; none shows a stack or a secret. */
async function assertFails(env: Record<string, string>, says: RegExp, as: As = {}): Promise<void> {
  const child = spawn(process.execPath, [main], {
    env: { POSTERN_DATA_DIR: folder.path, POSTERN_IDP_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...as,
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  assert.deepEqual([code, out], [1, ''], err)
  assert.match(err, says)
  assert.match(err, /^postern-idp: \S/)
  assert.doesNotMatch(err, /^\s+at |node:internal|SQLITE_/m, 'a sentence, not a stack')
  for (const secret of [env['POSTERN_ADMIN_TOKEN'], env['POSTERN_ENCRYPTION_KEY']])
    if (secret !== undefined) assert.ok(!err.includes(secret))
}

describe('it does not start, and says why and what to do', () => {
  test('on a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    assert.ok(address !== null && typeof address === 'object')
    const says = new RegExp(`port ${address.port} .*stop .*POSTERN_IDP_PORT`)
    await assertFails({ POSTERN_IDP_PORT: String(address.port) }, says)
    other.close()
  })

  test('in a data folder without write permission', async () => {
    const closed = join(folder.path, 'closed')
    await mkdir(closed)
    await chmod(folder.path, 0o755)
    await chmod(closed, 0o555)
    // Root may write everywhere, so the attempt is made by nobody.
    const nobody = getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
    const says = /closed\/\S+ cannot be read or made \(EACCES\); give this user write permission on its folder/
    await assertFails({ POSTERN_DATA_DIR: closed }, says, nobody)
    const secrets = { POSTERN_ADMIN_TOKEN: generateSecret(), POSTERN_ENCRYPTION_KEY: generateSecret() }
    const ofDatabase = /data folder .*closed\/idp cannot be written \(EACCES\); give this user write permission there/
    await assertFails({ POSTERN_DATA_DIR: closed, ...secrets }, ofDatabase, nobody)
  })

  test('with a file in the place of the data folder', async () => {
    const file = join(folder.path, 'file')
    await writeFile(file, '')
    await assertFails({ POSTERN_DATA_DIR: file }, /cannot be read or made \(ENOTDIR\); give this user/)
  })

  test('on a database that is none, or is broken', async () => {
    const file = join(folder.path, 'idp', 'idp.db')
    await mkdir(join(folder.path, 'idp'))
    await writeFile(file, 'this is no database'.repeat(500))
    const says =
      /idp\.db is corrupt or is no SQLite database; put a backup in its place, or move it away to start empty/
    await assertFails({}, says)
    const { size } = await stat(file)
    assert.equal(size, 'this is no database'.length * 500, 'what is there may still be of use')
  })

  test('on a database of a newer version', async () => {
    const log = createLogger({ name: 'test', level: 'silent' })
    const migrations = { ...idpMigrations, '999_later': { up: async () => {} } }
    const url = `sqlite:${join(folder.path, 'idp', 'idp.db')}`
    await (await openStore<IdpDatabase>({ url, migrations, log, name: 'idp' })).close()
    await assertFails({}, /of a newer version than this program \(it has idp\/999_later\); start the newer program/)
  })

  test('on the database of the gateway', async () => {
    const log = createLogger({ name: 'test', level: 'silent' })
    const url = `sqlite:${join(folder.path, 'shared.db')}`
    await (await openStore({ url, migrations: {}, log, name: 'gateway' })).close()
    await assertFails({ POSTERN_DATABASE_URL: url }, /belongs to postern-gateway; give postern-idp one of its own/)
  })

  test('with an admin token that others can read', async () => {
    const file = join(folder.path, 'admin-token')
    await writeFile(file, generateSecret())
    await chmod(file, 0o644)
    await assertFails({}, /admin-token can be used by others \(mode 0644\); run: chmod 600/)
  })
})

describe('in production it does not start', () => {
  const production = {
    POSTERN_MODE: 'production',
    POSTERN_IDP_URL: 'https://idp.example',
    POSTERN_GATEWAY_URL: 'https://gateway.example',
    POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
  }
  const POSTERN_ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64url')

  const cases: [what: string, env: Record<string, string>, says: RegExp][] = [
    [
      'under plain http',
      { POSTERN_IDP_URL: 'http://localhost:4700', POSTERN_ENCRYPTION_KEY },
      /POSTERN_MODE=production needs https public URLs; set POSTERN_IDP_URL to https:\/\//,
    ],
    [
      'without an encryption key',
      {},
      /POSTERN_MODE=production needs POSTERN_ENCRYPTION_KEY, 32 bytes in base64url; make/,
    ],
    [
      'with the admin token of the compose file',
      { POSTERN_ENCRYPTION_KEY, POSTERN_ADMIN_TOKEN: developmentAdminToken },
      /POSTERN_ADMIN_TOKEN is the one of the compose file, which everybody knows; set one of your own, or leave it out/,
    ],
    [
      'with a short admin token',
      { POSTERN_ENCRYPTION_KEY, POSTERN_ADMIN_TOKEN: 'short-but-not-too-short' },
      /POSTERN_ADMIN_TOKEN needs at least 32 characters in production; or leave it out to have one made/,
    ],
    [
      'as development on a public host',
      { POSTERN_MODE: 'development', POSTERN_ENCRYPTION_KEY },
      /POSTERN_MODE=development is for loopback only; set POSTERN_IDP_URL to http:\/\/localhost/,
    ],
  ]
  for (const [what, env, says] of cases) test(what, () => assertFails({ ...production, ...env }, says))

  test('with a short admin token in the file', async () => {
    await writeFile(join(folder.path, 'admin-token'), 'short-but-not-too-short', { mode: 0o600 })
    const says =
      /admin-token must hold one line of 32 or more printable characters in production; correct it, or remove/
    await assertFails({ ...production, POSTERN_ENCRYPTION_KEY }, says)
  })
})
